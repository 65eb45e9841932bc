package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// found is a legacy resource in a state.
type found struct {
	// legacy is its address without an index, or its logical id; address is the complete one.
	legacy, address string
	attributes      map[string]any
	// host and zoneID are set for the domain manager's resources.
	host, zoneID string
}

// readTerraform reads the managed resources of a Terraform state file.
func readTerraform(path string) ([]found, error) {
	var state struct {
		Version   int
		Resources []struct {
			Module, Mode, Type, Name string
			Instances                []struct {
				IndexKey   any `json:"index_key"`
				Attributes map[string]any
			}
		}
	}
	if err := readJSON(path, &state); err != nil {
		return nil, err
	}
	if state.Version != 4 {
		return nil, fmt.Errorf("%s has the version %d; must be 4: a state of Terraform 0.12 or newer", path, state.Version)
	}
	var list []found
	for _, r := range state.Resources {
		if r.Mode != "managed" {
			continue
		}
		address := strings.TrimPrefix(r.Module+"."+r.Type+"."+r.Name, ".")
		for _, i := range r.Instances {
			f := found{legacy: address, address: address, attributes: i.Attributes}
			if i.IndexKey != nil {
				key, err := json.Marshal(i.IndexKey)
				if err != nil {
					return nil, fmt.Errorf("%s: index of %s: %w", path, address, err)
				}
				f.address += "[" + string(key) + "]"
			}
			list = append(list, f)
		}
	}
	return list, nil
}

// readServerless reads what `aws cloudformation describe-stack-resources` prints.
func readServerless(path string) ([]found, error) {
	var stack struct {
		StackResources []struct {
			LogicalResourceID string `json:"LogicalResourceId"`
		}
	}
	if err := readJSON(path, &stack); err != nil {
		return nil, err
	}
	if len(stack.StackResources) == 0 {
		return nil, fmt.Errorf("%s has no StackResources; it should be what aws cloudformation describe-stack-resources prints", path)
	}
	var list []found
	for _, r := range stack.StackResources {
		list = append(list, found{legacy: r.LogicalResourceID, address: r.LogicalResourceID})
	}
	return list, nil
}

// readDomain returns the domain manager's resources for the stage with the stack's name, in the zone of the Terraform
// state.
func readDomain(resources []found, stack string) []found {
	var list []found
	for _, r := range resources {
		if !strings.HasSuffix(r.legacy, "aws_route53_zone.this") {
			continue
		}
		name, _ := r.attributes["name"].(string)
		for _, e := range domainManager {
			list = append(list, found{
				legacy: e.legacy, address: e.legacy,
				host: stack + "." + strings.TrimSuffix(name, "."), zoneID: attribute("zone_id")(r),
			})
		}
	}
	return list
}

// region returns the region of the resources, by their ARNs: a stack is in one region.
func region(resources []found) (string, error) {
	var regions []string
	for _, r := range resources {
		arn, _ := r.attributes["arn"].(string)
		if parts := strings.Split(arn, ":"); len(parts) > 3 && parts[3] != "" && !slices.Contains(regions, parts[3]) {
			regions = append(regions, parts[3])
		}
	}
	switch len(regions) {
	case 0:
		return "", errors.New("no resource of the state has a region")
	case 1:
		return regions[0], nil
	default:
		return "", fmt.Errorf("the resources are in %s; must be one region", strings.Join(regions, " and "))
	}
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
