using System.Text; // System.Security.Cryptography
using RSA = Example.Mine.RSA;

class Traps
{
    void F()
    {
        RSA.Create(2048); // ! an alias for another type
        ECDsa.Create(); // ! not imported
        var s = nameof(RSA.Create); // ! not called
        new SslStream(a); // ! not imported
    }
}
