// Package mocks runs a Pulumi program in a test without an engine and records what it registers:
// type, name, parent, provider, options and inputs of every resource, components included.
//
//	r := mocks.Run(t, func(ctx *pulumi.Context) error {
//		_, err := data.New(ctx, "data", args)
//		return err
//	})
//	cluster := r.Find(t, "aws:rds/cluster:Cluster", "data-cluster")
//	cluster.Inputs["storageEncrypted"] // true
//
// A registered resource's outputs are its inputs, an "arn" and the id "<name>-id"; Mocks.Outputs adds
// what a type computes beyond that and Mocks.Calls returns the results of invokes. With Mocks.Preview nothing
// computed is known, as in `pulumi preview` of a new stack.
package mocks
