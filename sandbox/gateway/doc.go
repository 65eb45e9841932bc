// Package gateway is the sandbox's AWS endpoint: a reverse proxy in front of
// the emulator that keeps requests byte for byte (their signatures must
// verify there) and corrects answers where the emulator and AWS differ.
//
// Three kinds of call are told apart:
//   - most calls stream through untouched, both ways;
//   - for a corrected call the emulator's answer is read whole and rewritten;
//   - a call that the emulator does not know, or must not answer itself, is
//     forwarded all the same, so that the emulator authenticates and authorizes
//     it; its refusal goes back, anything else is replaced by our answer.
//
// There is one package per service and one small function per correction. Every
// one says what AWS answers and what the emulator answers; README.md next to
// this file lists them all. The package also implements lambdahost.Source and
// restapi.Store over what the emulator and the gateway hold.
package gateway
