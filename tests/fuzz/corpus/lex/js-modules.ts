import * as nodeCrypto from 'crypto';
import { SignJWT, generateKeyPair } from 'jose';
import { secp256k1 } from '@noble/curves/secp256k1';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem';
import type { webcrypto } from 'crypto';
import { createECDH } from './crypto';
import forge from 'not-forge';

export class Keys {
  private readonly bits: number = 2048;

  async make(alg: string): Promise<void> {
    nodeCrypto.generateKeyPairSync('rsa', { modulusLength: 4096 }); // = RSA 4096 keygen
    nodeCrypto.generateKeyPairSync('rsa', { modulusLength: this.bits }); // = RSA - keygen
    await generateKeyPair('PS256', { modulusLength: 3072 }); // = RSA 3072 keygen
    await generateKeyPair(alg); // ! not known
    await new SignJWT({ a: 1 }).setProtectedHeader({ alg: 'ES256' }).sign(key); // = EC P-256 sign
    await new SignJWT({ a: 1 }).setProtectedHeader({ alg: 'HS256' }).sign(key); // ! a MAC
    secp256k1.sign(m, k); // = EC secp256k1 sign
    ed25519.verify(s, m, p); // = Ed25519 - sign
    x25519.getSharedSecret(a, b); // = X25519 - derive
    ml_kem768.encapsulate(p); // = ML-KEM 768 keygen
    createECDH('secp256k1'); // ! a module of the tree itself
    forge.pki.rsa.generateKeyPair(1024); // ! another package
    crypto.createECDH('secp256k1'); // ! not imported, and no browser has it
  }
}
