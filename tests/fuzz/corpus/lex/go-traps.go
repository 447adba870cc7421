package main

import (
	"crypto/tls"
	"example.com/mine/rsa"
	_ "crypto/ecdsa"
)

func f() {
	rsa.GenerateKey(rand.Reader, 2048) // ! a package of somebody else
	ecdsa.GenerateKey(elliptic.P256(), nil) // ! imported for its effects only
	if cfg.MaxVersion == tls.VersionTLS12 { // ! a comparison
	}
	ed25519.GenerateKey(nil) // ! not imported
}

func TestRSAGenerateKey2048(t *testing.T) { // ! a name
	parse("tls.Config{MaxVersion: tls.VersionTLS12}") // ! a string
}
