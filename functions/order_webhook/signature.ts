import { createHmac } from "node:crypto";

/** A secret that cannot sign; the message never holds it. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

const PREFIX = "whsec_";
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** Reads a secret in the form of the Standard Webhooks specification: whsec_ and base64. */
export function parseSecret(text: string): Buffer {
  const encoded = text.slice(PREFIX.length);
  const secret = Buffer.from(encoded, "base64");
  // Decoders differ in what else they take, and the subscriber has one of its own.
  const isBase64 = encoded !== "" && secret.toString("base64") === encoded;
  if (!text.startsWith(PREFIX) || !isBase64) {
    throw new SecretError(`a secret is ${PREFIX} and base64`);
  }
  if (secret.length < LEAST_BYTES || secret.length > MOST_BYTES) {
    throw new SecretError(
      `a secret has ${LEAST_BYTES} to ${MOST_BYTES} bytes, not ${secret.length}`,
    );
  }
  return secret;
}

/** What is signed. */
export interface Signed {
  readonly id: string;
  /** Time of the attempt, in Unix seconds. */
  readonly timestamp: number;
  /** The bytes as they are sent. */
  readonly body: Uint8Array;
}

/** Returns the headers that let a subscriber verify who sent a body, and when; one signature a secret. */
export function signatureHeaders(
  { id, timestamp, body }: Signed,
  secrets: readonly Uint8Array[],
): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": secrets
      .map((secret) => {
        const mac = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body);
        return `v1,${mac.digest("base64")}`;
      })
      .join(" "),
  };
}
