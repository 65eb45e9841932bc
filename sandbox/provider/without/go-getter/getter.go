// Package getter stands for HashiCorp's, with which the bridge fetches the modules of Terraform programs that it converts.
// The sandbox converts none, and HashiCorp's imports the clients of other clouds.
package getter

import "errors"

var errNotBuilt = errors.New("the sandbox's AWS provider is built without what fetches Terraform modules")

// Detector finds the source of a module.
type Detector any

// Detectors are those that a caller passes on to Detect.
var Detectors []Detector

// Get returns an error.
func Get(string, string) error { return errNotBuilt }

// Detect returns an error.
func Detect(string, string, []Detector) (string, error) { return "", errNotBuilt }

// SourceDirSubdir returns the source, without looking for a subdirectory in it.
func SourceDirSubdir(source string) (string, string) { return source, "" }

// SubdirGlob returns an error.
func SubdirGlob(string, string) (string, error) { return "", errNotBuilt }

// FolderStorage stands for the directory with fetched modules.
type FolderStorage struct{ StorageDir string }

// Get returns an error.
func (*FolderStorage) Get(string, string, bool) error { return errNotBuilt }

// Dir returns an error.
func (*FolderStorage) Dir(string) (string, bool, error) { return "", false, errNotBuilt }
