package oidc

import "testing"

func TestATokenHasTheClaimsOfGitLabs(t *testing.T) {
	project := Project{URL: "https://git.example", Path: "group/project", ID: 20, Protected: []string{"main", "release"}}
	protecting, numbered := project, project
	protecting.ProtectRequests = true
	numbered.SubClaims = []string{"project_id", "ref_type", "ref", "ref_protected", "environment_protected", "deployment_tier"}
	for name, c := range map[string]struct {
		project        Project
		job            Job
		sub, protected string
	}{
		"a push to a protected branch":                                                  {project, Job{Source: "push", Ref: "main"}, "project_path:group/project:ref_type:branch:ref:main", "true"},
		"a push to another branch":                                                      {project, Job{Source: "push", Ref: "mine"}, "project_path:group/project:ref_type:branch:ref:mine", "false"},
		"a tag of a protected branch's name":                                            {project, Job{Source: "push", Ref: "main", Tag: true}, "project_path:group/project:ref_type:tag:ref:main", "false"},
		"a merge request from the protected branch":                                     {project, Job{Source: MergeRequest, Ref: "main", Target: "mine"}, "project_path:group/project:ref_type:branch:ref:main", "false"},
		"a merge request between protected branches":                                    {project, Job{Source: MergeRequest, Ref: "main", Target: "release"}, "project_path:group/project:ref_type:branch:ref:main", "false"},
		"a merge request between protected branches with protected pipelines":           {protecting, Job{Source: MergeRequest, Ref: "main", Target: "release"}, "project_path:group/project:ref_type:branch:ref:main", "true"},
		"a merge request from a protected branch into another with protected pipelines": {protecting, Job{Source: MergeRequest, Ref: "main", Target: "mine"}, "project_path:group/project:ref_type:branch:ref:main", "false"},
		"a fork's merge request":                                                        {protecting, Job{Source: MergeRequest, Ref: "main", Target: "main", Fork: "me/project"}, "project_path:me/project:ref_type:branch:ref:main", "false"},
		"a subject of chosen claims": {numbered, Job{Source: "push", Ref: "main", Tier: "production", EnvironmentProtected: true},
			"project_id:20:ref_type:branch:ref:main:ref_protected:true:environment_protected:true:deployment_tier:production", "true"},
		"a subject without the claims that a job without an environment lacks": {numbered, Job{Source: "schedule", Ref: "main"}, "project_id:20:ref_type:branch:ref:main:ref_protected:true", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := c.project.Claims(c.job)
			if claims["sub"] != c.sub || claims["ref_protected"] != c.protected {
				t.Errorf("%v", claims)
			}
		})
	}
}
