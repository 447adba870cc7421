package com.example

import java.security.KeyPairGenerator
import java.security.spec.ECGenParameterSpec as Spec
import javax.crypto.Cipher as C

const val BITS = 3072

fun make(): Any {
    val g = KeyPairGenerator.getInstance("RSA") // = RSA 3072 keygen
    g.initialize(BITS)
    val h = KeyPairGenerator.getInstance("EC") // = EC P-384 keygen
    h.initialize(Spec("secp384r1"))
    val c = C.getInstance("RSA/ECB/PKCS1Padding") // = RSA - encrypt
    /* outer /* KeyPairGenerator.getInstance("RSA") */ Cipher.getInstance("RSA") */
    println("${g} KeyPairGenerator.getInstance(\"RSA\")") // ! a string
    val raw = """KeyPairGenerator.getInstance("RSA")""" // ! a raw string
    Signature.getInstance("SHA256withRSA") // ! not imported
    return h
}
