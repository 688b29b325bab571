# SPDX-License-Identifier: Apache-2.0
"""A CA and its certificates. By rotactl where a build is given, else by the openssl program (for tests of the bench itself)."""
import os
import shutil
import subprocess

ORG, UNIT = "Example", "mongod"


def call(argv, **kw):
    """Run a program; its output, or an error that shows what it said."""
    r = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if r.returncode:
        raise RuntimeError("%s: exit %d: %s" % (" ".join(map(str, argv))[:300], r.returncode, r.stdout.strip()[-1500:]))
    return r.stdout


class Pki:
    """Files of one CA in a folder: ca.pem, ca.key, and NAME.pem (certificate and key) for each that is issued."""

    def __init__(self, folder, rotactl=None):
        self.dir, self.rotactl = folder, rotactl
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.ca, self.key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca.key")

    def path(self, name):
        return os.path.join(self.dir, name + ".pem")

    def init(self, subject="Example MongoDB CA"):
        if self.rotactl:
            call([self.rotactl, "ca", "init", self.dir, "--name", subject, "--o", ORG])
        else:
            call(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", self.ca,
                  "-days", "3650", "-subj", "/O=%s/CN=%s" % (ORG, subject), "-addext", "basicConstraints=critical,CA:true",
                  "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        os.chmod(self.key, 0o600)

    def member(self, name, hosts):
        """A member's certificate: serves and dials, names its hosts, has the O and OU that all members share."""
        if self.rotactl:
            argv = [self.rotactl, "ca", "issue", "member", "--ca", self.dir, "--out", self.path(name), "--subject",
                    "CN=%s,OU=%s,O=%s" % (name, UNIT, ORG)]
            for h in hosts:
                argv += ["--host", h]
            call(argv)
        else:
            self._openssl(name, "/O=%s/OU=%s/CN=%s" % (ORG, UNIT, name), hosts, "serverAuth,clientAuth")
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def client(self, name):
        """An application's certificate: dials only, and has another OU, so that it is no member."""
        if self.rotactl:
            call([self.rotactl, "ca", "issue", "client", "--ca", self.dir, "--out", self.path(name), "--subject",
                  "CN=%s,OU=apps,O=%s" % (name, ORG)])
        else:
            self._openssl(name, "/O=%s/OU=apps/CN=%s" % (ORG, name), [], "clientAuth")
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def _openssl(self, name, subject, hosts, eku, days=90):
        base = os.path.join(self.dir, name)
        call(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key", "-out", base + ".csr",
              "-subj", subject])
        with open(base + ".ext", "w") as f:
            f.write("extendedKeyUsage=%s\nkeyUsage=digitalSignature\nbasicConstraints=CA:false\n" % eku)
            f.write("subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
            if hosts:
                f.write("subjectAltName=%s\n" % ",".join("%s:%s" % ("IP" if h.replace(".", "").isdigit() else "DNS", h) for h in hosts))
        call(["openssl", "x509", "-req", "-in", base + ".csr", "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial", "-days", str(days), "-extfile",
              base + ".ext", "-out", base + ".crt"])
        with open(base + ".pem", "w") as out:
            os.chmod(base + ".pem", 0o600)
            for part in (base + ".crt", base + ".key"):
                with open(part) as f:
                    out.write(f.read())
        for end in (".key", ".csr", ".ext", ".crt"):
            os.unlink(base + end)


def sign(csr, out, ca, key, ext="", subject=None, start="20200101000000Z", end="20991231235959Z", md="sha256", serial=None):
    """A certificate for that request by the openssl program: times, extensions, subject, digest and serial number at will, also what
    no decent CA would issue. `out` gets the certificate alone."""
    base = out + ".ca"
    os.makedirs(base)
    open(os.path.join(base, "index"), "w").close()
    if serial:
        with open(os.path.join(base, "serial"), "w") as f:
            f.write(serial + "\n")
    names = ("countryName", "organizationName", "organizationalUnitName", "commonName", "domainComponent")
    with open(os.path.join(base, "conf"), "w") as f:
        f.write("[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index\nnew_certs_dir=%s\n%s\npolicy=p\ndefault_md=%s\nx509_extensions=e\nunique_subject=no\n"
                "email_in_dn=no\n[p]\n%s[e]\nsubjectKeyIdentifier=hash\n%s\n"
                % (base, base, "serial=%s/serial" % base if serial else "rand_serial=yes", md, "".join(n + "=optional\n" for n in names), ext))
    call(["openssl", "ca", "-batch", "-config", os.path.join(base, "conf"), "-cert", ca, "-keyfile", key, "-in", csr, "-out", out, "-startdate", start,
          "-enddate", end, "-notext", "-preserveDN"] + (["-subj", subject] if subject else []))
    shutil.rmtree(base)
    return out


def crl(out, ca, key, serials=(), start="20200101000000Z", end="20991231235959Z"):
    """A CRL of that CA that names these serial numbers, by the openssl program."""
    base = out + ".ca"
    os.makedirs(base)
    with open(os.path.join(base, "index"), "w") as f:
        f.write("".join("R\t%s\t%s\t%s\tunknown\t/CN=x\n" % ("491231235959Z", "200101000000Z", s) for s in serials))
    with open(os.path.join(base, "conf"), "w") as f:
        f.write("[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index\ndefault_md=sha256\n" % base)
    call(["openssl", "ca", "-gencrl", "-config", os.path.join(base, "conf"), "-cert", ca, "-keyfile", key, "-out", out, "-crl_lastupdate", start,
          "-crl_nextupdate", end])
    shutil.rmtree(base)
    return out


def subject_of(pem):
    """The certificate's subject as MongoDB names its x.509 users (RFC 2253)."""
    text = call(["openssl", "x509", "-in", pem, "-noout", "-subject", "-nameopt", "RFC2253"])
    return text.split("=", 1)[1].strip()


def serial_of(pem):
    return call(["openssl", "x509", "-in", pem, "-noout", "-serial"]).split("=", 1)[1].strip().upper().lstrip("0")
