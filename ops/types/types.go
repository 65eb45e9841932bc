// Package types holds the facts that ops needs of each AWS type that the program creates: one row for each type, one
// file for each service. Rules that need code are in ops/audit and ops/cost. A type without a row, or with a row that
// lacks a required column, fails TestEveryCreatedTypeHasARow of the root package by name.
package types

import "slices"

// Type is the row of one AWS type.
type Type struct {
	// Token is Pulumi's name of the type, such as "aws:sqs/queue:Queue".
	Token string

	// Name is the physical name. Required: noName where AWS gives the resource an id alone.
	Name Name
	// Replacement reports whether the old and the new resource of a replacement can coexist. Required.
	Replacement Replacement
	// Cost says where the price comes from. Required.
	Cost Cost

	// HoldsData: the deletion of the resource loses data. The note on a merge request warns of its replacement and
	// deletion, which need a label.
	HoldsData bool
	// KeyAtRest is the input that names the KMS key of its data at rest; the audit requires a customer managed key.
	// Further requirements are in ops/audit/encryption.go.
	KeyAtRest string
	// NothingAtRest is why a type with an input about encryption has no data of its own.
	NothingAtRest string
	// Policy is the input with the resource-based policy.
	Policy string
	// PublicSwitch is the input that gives the resource a public address when it is true.
	PublicSwitch string
	// Network are the inputs with its security groups and subnets; nil: it has no network interface.
	Network *Network
	// Label is the word for the type in its component's box of the diagram; empty: the diagram omits it.
	Label Label
}

// Name is where a type has its physical name and what AWS allows for it, by the services' API references,
// such as https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
type Name struct {
	// Property holds the name; "" where there is none.
	Property string
	// Suffix is an example of what is appended to the name: nothing, ByPulumi or ByProvider.
	Suffix string
	// Max is AWS's limit in characters, Pattern the allowed form.
	Max     int
	Pattern string
	// Within is the scope in which the name is unique; "": account and region, and the audit then requires project and
	// stack in the name.
	Within string
}

// Suffixes of names.
const (
	// ByPulumi is how Pulumi ends a logical name that it makes a physical one of.
	ByPulumi = "-1a2b3c4"
	// ByProvider is how the provider ends the prefix in <property>Prefix.
	ByProvider = "20260102030405678900000001"
)

// Patterns of names that several services have.
const (
	identifier = `^[a-z](-?[a-z0-9])*$`
	wordDash   = `^[A-Za-z0-9_-]+$`
	iamName    = `^[\w+=,.@-]+$`
	hostName   = `^[a-z0-9.-]+$`
	anyText    = `.`
)

// noName is of types to which AWS gives an id alone, or that are named by what they belong to.
var noName = Name{Within: "nothing: AWS gives an id, or it is named by what it belongs to"}

// fixed is a name that the program sets.
func fixed(property string, most int, pattern string) Name {
	return Name{Property: property, Max: most, Pattern: pattern}
}

// generated is a name that Pulumi makes of the logical one where the program sets none.
func generated(property string, most int, pattern string) Name {
	return Name{Property: property, Suffix: ByPulumi, Max: most, Pattern: pattern}
}

// prefixed is a name that the provider makes of a prefix.
func prefixed(property string, most int, pattern string) Name {
	return Name{Property: property, Suffix: ByProvider, Max: most, Pattern: pattern}
}

// within says that the name is unique within something smaller than the account and region.
func (n Name) within(what string) Name {
	n.Within = what
	return n
}

// Replacement reports whether the old and the new resource of a replacement can coexist.
type Replacement struct {
	// DeleteFirst: AWS has one for a target, or the program fixes its name. A new one next to the old is
	// rejected, or the old one's deletion takes the new one away, so the program must set
	// pulumi.DeleteBeforeReplace.
	DeleteFirst bool
	Why         string
}

// onlyOne is the reason why two cannot coexist.
func onlyOne(why string) Replacement { return Replacement{true, why} }

// Reasons why two can coexist.
var (
	newName     = Replacement{Why: "its name is generated, and nothing takes only one of it"}
	oldGoes     = Replacement{Why: "the provider deletes it first where its name is fixed, since Pulumi would have generated it"}
	otherTarget = Replacement{Why: "it is replaced for another target alone, whose place is free"}
	oneARegion  = Replacement{Why: "nothing of it is replaced: the account has one for each region"}
	noObject    = Replacement{Why: "AWS has no such object"}
	// ByAWSX is of types that only awsx's VPC creates, with awsx's options.
	ByAWSX = Replacement{Why: "awsx creates it, with options of its own"}
)

// Cost says where a type's price comes from: one of the three.
type Cost struct {
	// Free is what has no price of its own, or none before it is used and then cents.
	Free bool
	// Modelled is what code in ops/cost reads and estimates.
	Modelled bool
	// Price is the row of ops/cost/prices.yaml for one resource and month; Part is the part of the stack
	// that ops cost lists it under, Item what is counted.
	Part, Item, Price string
}

var (
	free     = Cost{Free: true}
	modelled = Cost{Modelled: true}
)

func monthly(part, item, price string) Cost { return Cost{Part: part, Item: item, Price: price} }

// Network are the inputs that name a type's security groups and subnets, the latter directly or through a subnet group
// of the type SubnetGroup.
type Network struct {
	Kind, SecurityGroups, Subnets, SubnetGroup string
}

// Label is the word for one and for several. Without a word for one they are not counted: their number
// says nothing about the architecture, and every change of it would make the diagram stale.
type Label struct{ One, Several string }

// all are the rows of every service, in the order in which the diagram's boxes and the estimate list them.
var all = slices.Concat(
	ec2Types, rdsTypes, elasticacheTypes, s3Types, secretsManagerTypes, kmsTypes, route53Types, acmTypes,
	apiGatewayTypes, lambdaTypes, wafTypes, cloudWatchTypes, iamTypes, snsTypes, appAutoScalingTypes, unusedTypes,
)

// All are the rows.
func All() []Type { return slices.Clone(all) }

var byToken = func() map[string]Type {
	rows := map[string]Type{}
	for _, t := range all {
		rows[t.Token] = t
	}
	return rows
}()

// Find is the row of a type.
func Find(token string) (Type, bool) {
	t, ok := byToken[token]
	return t, ok
}

// Of is the row of a type, or an empty one.
func Of(token string) Type { return byToken[token] }

// Missing are the required columns that a row leaves out.
func (t Type) Missing() []string {
	var missing []string
	for _, column := range []struct {
		name  string
		empty bool
	}{{"Name", t.Name == Name{}}, {"Replacement", t.Replacement == Replacement{}}, {"Cost", t.Cost == Cost{}}} {
		if column.empty {
			missing = append(missing, column.name)
		}
	}
	return missing
}
