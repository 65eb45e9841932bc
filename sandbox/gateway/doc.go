// Package gateway is the sandbox's AWS endpoint: a reverse proxy for the
// emulator that forwards requests byte for byte, so that the emulator can
// verify their signatures, and corrects responses where the emulator and AWS
// differ.
//
// There are three kinds of call:
//   - most calls are proxied unchanged in both directions;
//   - for a corrected call the gateway reads the emulator's response and changes it;
//   - a call that the emulator does not support is forwarded too, so that the
//     emulator authenticates and authorizes the caller. Unless access is
//     denied, the gateway replaces the response.
//
// There is one package per service and one small function per correction, with
// a comment on what AWS and the emulator do. README.md in this directory lists
// all corrections. The package also implements lambdahost.Source,
// restapi.Store and metrics.Account with the state of the emulator and the gateway.
package gateway
