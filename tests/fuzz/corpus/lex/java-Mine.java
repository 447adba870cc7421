package com.example;

import com.example.mine.KeyPairGenerator;
import com.example.mine.Cipher; // in place of javax.crypto.Cipher

class Mine {
    void f() {
        KeyPairGenerator.getInstance("RSA"); // ! a class of the tree itself
        Cipher.getInstance("RSA"); // ! likewise
        SSLContext.getInstance("TLS"); // ! not imported
    }
}
