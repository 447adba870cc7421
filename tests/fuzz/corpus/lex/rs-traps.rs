use crate::rsa::RsaPrivateKey;
use super::p256::ecdsa::SigningKey;
use mine::{x25519_dalek, Rsa};
use std::fs;

fn f() {
    RsaPrivateKey::new(&mut rng, 2048); // ! a module of the crate itself
    SigningKey::random(&mut rng); // ! likewise
    x25519_dalek::StaticSecret::random(&mut rng); // ! another crate
    Rsa::generate(2048); // ! another crate
    EcdsaKeyPair::from_pkcs8(a); // ! not imported: ring::
    b"p256:: rsa::"; // ! bytes
}
