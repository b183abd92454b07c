/**
 * Stands in for `rapid-client.node`, the transport of AWS's Node.js runtime interface client.
 *
 * The client is AWS's own, unchanged; only this one module of it is native code, which its package
 * compiles when it is installed, with a C++ compiler and two bundled libraries. Loaded by `--require`
 * before the client, this gives the same functions over node:http and the documented Runtime API.
 * Where it differs: `done` and `error` return before Lambda has answered, and `next` waits for that.
 */
"use strict";

const http = require("node:http");
const Module = require("node:module");

const API = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function request(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const sent = http.request(
      `${API}/${path}`,
      { method, agent, headers: { ...headers, ...length } },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ bodyJson: text, headers: response.headers });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

/** What was reported of the invocation before; the next one is asked for after it. */
let reported = Promise.resolve();

function report(path, body, headers) {
  reported = request("POST", path, body, { "Content-Type": "application/json", ...headers });
  // `next` throws it; without this the process would end with an unhandled rejection first.
  reported.catch(() => {});
}

const rapidClient = {
  async next() {
    await reported;
    return request("GET", "next");
  },
  done(id, body) {
    report(`${id}/response`, body);
  },
  error(id, body, xrayCause) {
    const type = JSON.parse(body).errorType;
    report(`${id}/error`, body, {
      "Lambda-Runtime-Function-Error-Type": encodeURIComponent(type),
      "Lambda-Runtime-Function-XRay-Error-Cause": encodeURIComponent(xrayCause),
    });
  },
};

const load = Module._load;
Module._load = function (name, ...rest) {
  return name === "./rapid-client.node" ? rapidClient : load.call(this, name, ...rest);
};
