// Verifies webhooks with the npm package "standardwebhooks", and that it refuses each of them once it is changed.
//
// usage: node verify_webhooks.mjs NODE_MODULES < webhooks
//
// One webhook per line: {"secret", "body" (base64), "headers"}. Prints {"verified": n, "refused": n, "problems": [text, …]}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Webhook, WebhookVerificationError } = createRequire(process.argv[2] + "/")("standardwebhooks");
const told = { verified: 0, refused: 0, problems: [] };

// The flipped bit moves through the body from one webhook to the next.
function flipped(body, number) {
    const changed = Buffer.from(body);
    const bit = (number * 7919) % (8 * body.length);
    changed[bit >> 3] ^= 1 << (bit & 7);
    return changed;
}

function isVerified(secret, body, headers) {
    try {
        new Webhook(secret).verify(body, headers);
        return true;
    } catch (error) {
        if (error instanceof WebhookVerificationError) return false;
        throw error;
    }
}

function otherSecret(secret) {
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    key[0] ^= 1;
    return "whsec_" + key.toString("base64");
}

function forgeries({ secret, headers }, body, number) {
    const [version, mac] = headers["webhook-signature"].split(",");
    return {
        "a flipped bit": [secret, flipped(body, number), headers],
        "a byte more": [secret, Buffer.concat([body, Buffer.from(" ")]), headers],
        "another id": [secret, body, { ...headers, "webhook-id": headers["webhook-id"] + "0" }],
        "another time": [secret, body, { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) }],
        "another secret": [otherSecret(secret), body, headers],
        "another version": [secret, body, { ...headers, "webhook-signature": `${version}a,${mac}` }],
    };
}

let number = 0;
for await (const line of createInterface({ input: process.stdin })) {
    const webhook = JSON.parse(line);
    const body = Buffer.from(webhook.body, "base64");
    if (isVerified(webhook.secret, body, webhook.headers)) told.verified++;
    else told.problems.push(`${webhook.headers["webhook-id"]} is not verified`);
    for (const [what, [secret, changed, headers]] of Object.entries(forgeries(webhook, body, number))) {
        if (isVerified(secret, changed, headers)) told.problems.push(`${headers["webhook-id"]} is verified with ${what}`);
        else told.refused++;
    }
    number++;
}
console.log(JSON.stringify(told));
