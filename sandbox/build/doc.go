// Package build builds the tools that the sandbox runs. A tool is built again only when its inputs have changed. Its
// stamp is written last, so a build that was killed is repeated.
package build
