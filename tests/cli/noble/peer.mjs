// Answers one JSON request on stdin: ML-KEM, ML-DSA and SLH-DSA by @noble/post-quantum, with given randomness.
import { readFileSync } from 'node:fs';
import * as kem from '@noble/post-quantum/ml-kem';
import * as dsa from '@noble/post-quantum/ml-dsa';
import * as slh from '@noble/post-quantum/slh-dsa';

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b) => Buffer.from(b).toString('hex');

function answer(q) {
	const a = { id: q.id };
	if (q.kind === 'kem') {
		const k = kem[q.name];
		const keys = k.keygen(bytes(q.seed));
		const c = k.encapsulate(keys.publicKey, bytes(q.m));
		Object.assign(a, { ek: hex(keys.publicKey), dk: hex(keys.secretKey), ct: hex(c.cipherText), ss: hex(c.sharedSecret) });
		a.ours = hex(k.decapsulate(bytes(q.ct), keys.secretKey));
	} else if (q.kind === 'dsa') {
		const d = dsa[q.name];
		const keys = d.keygen(bytes(q.seed));
		Object.assign(a, { pk: hex(keys.publicKey), sk: hex(keys.secretKey) });
		a.sig = hex(d.sign(keys.secretKey, bytes(q.m), bytes(q.ctx), bytes(q.rnd)));
		a.verifies = d.verify(keys.publicKey, bytes(q.m), bytes(q.sig), bytes(q.ctx));
	} else {
		const d = slh[q.name];
		const keys = d.keygen(bytes(q.seed));
		Object.assign(a, { pk: hex(keys.publicKey), sk: hex(keys.secretKey) });
		a.verifies = d.verify(keys.publicKey, bytes(q.m), bytes(q.sig), bytes(q.ctx));
	}
	return a;
}
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(answer)));
