// Package cloudkms stands for Google's, which the sandbox's Pulumi CLI is built without.
package cloudkms

// CloudkmsScope is the OAuth scope that package authhelpers is asked for.
const CloudkmsScope = "https://www.googleapis.com/auth/cloudkms"
