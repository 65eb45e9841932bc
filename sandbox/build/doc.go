// Package build makes the tools that the sandbox runs and keeps them: each is
// made again only when what it is made of has changed. A tool counts as made
// when its stamp says so, and the stamp is written last, so a build that was
// killed is simply done again.
package build
