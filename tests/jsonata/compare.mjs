// Compares the engine's JSONata with jsonata-js 2.0.6, the version AWS runs, on random expressions.
//
//   node compare.mjs <binary of the example jsonata_lines> [count] [seed]
//
// jsonata-js is fetched from npm into a directory outside the repository when it is not there yet. Two of its habits
// are set aside: it evaluates the items of arrays and the members of objects at the same time and reports whichever
// error comes first, where AWS evaluates in order; and some expressions make it fail with an error of its own code.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import vm from 'node:vm';
import { Choices, bindings, document, expression } from './generate.mjs';

const [binary, count = '20000', seed = '1'] = process.argv.slice(2);
if (!binary) {
  console.error('usage: node compare.mjs <jsonata_lines> [count] [seed]');
  process.exit(2);
}

/** jsonata-js 2.0.6, evaluating in order. */
function reference() {
  const home = join(tmpdir(), 'jsonata-2.0.6');
  const file = join(home, 'node_modules', 'jsonata', 'jsonata.js');
  if (!existsSync(file)) {
    mkdirSync(home, { recursive: true });
    execFileSync('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', 'jsonata@2.0.6'], { stdio: 'inherit' });
  }
  const source = readFileSync(file, 'utf8').replaceAll('Promise.all(', 'inOrder(').replaceAll('.map(async (', '.later(async (');
  Object.defineProperty(Array.prototype, 'later', { value(make) { return { items: this, make }; } });
  const inOrder = async ({ items, make }) => {
    const results = [];
    for (const [index, item] of items.entries()) results.push(await make(item, index));
    return results;
  };
  const module = { exports: {} };
  vm.runInThisContext(`(function (module, exports, require, inOrder) {${source}\n})`)(
    module, module.exports, createRequire(import.meta.url), inOrder);
  return module.exports;
}

/** A result as the engine prints it. */
async function expected(jsonata, source) {
  try {
    const value = await jsonata(source).evaluate(structuredClone(document), structuredClone(bindings));
    if (value === undefined) return { undefined: true };
    if (typeof value === 'function' || value?._jsonata_lambda || value?._jsonata_function) return { function: true };
    return { value: plain(value, new Set()) };
  } catch (error) {
    return { code: error.code ?? '', message: String(error.message) };
  }
}

/** What is left of a value as JSON, with numbers that JSON has not as text. */
function plain(value, above) {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value);
  if (typeof value === 'function' || value?._jsonata_lambda || value?._jsonata_function) return '';
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return value;
  if (above.has(value)) throw new Error('circular');
  above.add(value);
  const result = Array.isArray(value)
    ? Array.from(value, (item) => plain(item, above))
    : Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => [k, plain(v, above)]));
  above.delete(value);
  return result;
}

/** Text in which the order of members does not matter. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value && typeof value === 'object') {
    return `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(',')}}`;
  }
  return typeof value === 'number' ? String(value + 0) : JSON.stringify(value);
}

async function main() {
  const jsonata = reference();
  const engine = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: engine.stdout })[Symbol.asyncIterator]();
  engine.stdin.write(`${JSON.stringify({ data: document, bindings })}\n`);
  const choices = new Choices(Number(seed));
  const tally = { compared: 0, values: 0, codes: 0, texts: 0, errors: 0, internal: 0 };
  const CHUNK = 500;
  for (let done = 0; done < Number(count); done += CHUNK) {
    const sources = Array.from({ length: CHUNK }, () => expression(choices, 1 + choices.below(4)));
    engine.stdin.write(sources.map((e) => `${JSON.stringify({ e, free: true })}\n`).join(''));
    // The reference keeps function names in objects that outlive an evaluation; the engine does not.
    for (const source of sources) {
      const want = await expected(jsonata, source);
      const got = JSON.parse((await answers.next()).value);
      judge(source, want, got, tally);
    }
  }
  engine.stdin.end();
  console.log(JSON.stringify(tally));
  process.exit(tally.values + tally.codes > 0 || tally.texts * 100 > tally.errors ? 1 : 0);
}

function judge(source, want, got, tally) {
  // An error without a code is a failure inside the reference itself.
  if (want.code === '' || want.code === undefined && want.message) {
    tally.internal += 1;
    return;
  }
  tally.compared += 1;
  if (want.code) tally.errors += 1;
  const show = (kind) => console.log(`${kind}\t${source}\n\twant ${JSON.stringify(want)}\n\tgot  ${JSON.stringify(got)}`);
  if (want.code && got.code) {
    if (want.code !== got.code) {
      tally.codes += 1;
      show('CODE');
    } else if (want.message !== got.message) {
      tally.texts += 1;
      show('TEXT');
    }
  } else if (canonical(want) !== canonical(got)) {
    tally.values += 1;
    show('VALUE');
  }
}

await main();
