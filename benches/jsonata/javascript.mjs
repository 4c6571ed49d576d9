// Measures jsonata-js for main.rs: one request per line in, nanoseconds per evaluation out.
//
// In, first: `{"small": …, "large": …}`, the documents. Then `{"expression": …, "document": "small", "for": milliseconds}`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const home = join(tmpdir(), 'jsonata-2.0.6');
const file = join(home, 'node_modules', 'jsonata', 'jsonata.js');
if (!existsSync(file)) {
  mkdirSync(home, { recursive: true });
  execFileSync('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', 'jsonata@2.0.6'], { stdio: 'ignore' });
}
const jsonata = createRequire(import.meta.url)(file);

let documents;
const parsed = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (!documents) {
    documents = request;
    continue;
  }
  if (!parsed.has(request.expression)) parsed.set(request.expression, jsonata(request.expression));
  const expression = parsed.get(request.expression);
  const states = { input: documents[request.document] };
  const start = process.hrtime.bigint();
  const end = start + BigInt(request.for) * 1_000_000n;
  let count = 0;
  let now = start;
  let result;
  do {
    for (let n = 0; n < 8; n += 1) result = await expression.evaluate(undefined, { states });
    count += 8;
    now = process.hrtime.bigint();
  } while (now < end);
  console.log(JSON.stringify({ nanoseconds: Number(now - start) / count, result }));
}
