import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** What a TLS server is started with. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Wanted {
  /** Names and IPv4 addresses that the certificate is for. */
  readonly hosts: readonly string[];
  readonly notAfter?: Date;
}

const HOUR_MS = 3_600_000;
const IS_NAME = 2;
const IS_ADDRESS = 7;

/** A certificate authority that lives as long as the test. */
export class Authority {
  readonly #key = newKey();
  readonly #name: forge.pki.CertificateField[];
  /** What clients trust. */
  readonly pem: string;

  constructor(name = "Test authority") {
    this.#name = [{ shortName: "CN", value: name }];
    const extensions = [{ name: "basicConstraints", cA: true, critical: true }];
    this.pem = this.#sign(this.#key, this.#name, new Date(Date.now() + HOUR_MS), extensions);
  }

  /** A server that shows the authority's own certificate. */
  get itself(): Identity {
    return { key: this.#key, cert: this.pem };
  }

  issue({ hosts, notAfter = new Date(Date.now() + HOUR_MS) }: Wanted): Identity {
    const key = newKey();
    const altNames = hosts.map((host) =>
      /^[\d.]+$/.test(host) ? { type: IS_ADDRESS, ip: host } : { type: IS_NAME, value: host },
    );
    const subject = [{ shortName: "CN", value: "Test subscriber" }];
    const cert = this.#sign(key, subject, notAfter, [{ name: "subjectAltName", altNames }]);
    return { key, cert };
  }

  #sign(
    key: string,
    subject: forge.pki.CertificateField[],
    notAfter: Date,
    extensions: object[],
  ): string {
    const certificate = forge.pki.createCertificate();
    const own = forge.pki.privateKeyFromPem(key);
    certificate.publicKey = forge.pki.setRsaPublicKey(own.n, own.e);
    certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
    certificate.validity.notBefore = new Date(notAfter.getTime() - 2 * HOUR_MS);
    certificate.validity.notAfter = notAfter;
    certificate.setSubject(subject);
    certificate.setIssuer(this.#name);
    certificate.setExtensions(extensions);
    certificate.sign(forge.pki.privateKeyFromPem(this.#key), forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  }
}

function newKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;
}
