// Compares the engine's JSONata with jsonata-js 2.0.6, the version AWS runs, on random expressions.
//
//   node compare.mjs <binary of the example jsonata_lines> [count] [seed]
//
// jsonata-js is fetched from npm into a directory outside the repository when it is not there yet. It evaluates the
// items of arrays and the members of objects at the same time and reports whichever error comes first, where AWS
// evaluates in order; the copy that is compared with evaluates in order.
//
// That copy is mended in three more places, two of them in the function that groups (`path{key: value}`). How often a
// mend takes effect is counted, and the results are compared like all others:
//   tuples     After a sort of a path with bound variables the marker is lost that says the items are the objects in
//              which the library keeps bindings (`{"@": value, name: …}`); the group then works on those instead of the
//              values, so they show in results or names are not found in them. The mend goes by the objects.
//   emptied    The group of an empty array puts an undefined entry into that array, even if it is part of the
//              document, whose later readers then see it. The mend groups a copy.
//   digits     `$string` and `&` cut whole numbers to 15 digits. AWS does not (measured: 2^63 is 9223372036854776000),
//              and neither does jsonata-js since 2.1; the mend is that of the later version.
//
// Nothing can be agreed with where the library itself breaks. Each such class is told by a mark and counted by its name:
//   uncoded    An error has no code: a JavaScript TypeError or RangeError inside the library.
//   source     A function of the library stands in a result as its own source text.
//   power      The engine of Node is up to a few units in the last place off in `Math.pow` where this one is not: results
//              of an expression with `$power` that agree in 14 digits.
//
// The exit code is 1 if a value, `undefined` or a code differs, or more than one error text in a hundred.
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

/** How often a mend of the reference made a difference. */
const mended = { tuples: 0, emptied: 0, digits: 0 };

/** What the mended reference calls where 2.0.6 looks for its marker. */
function isTupleStream(items) {
  if (!items || items.tupleStream) return Boolean(items);
  const unmarked = Array.isArray(items) && items.length > 0 && items.every((item) => item && typeof item === 'object' && '@' in item);
  if (unmarked) mended.tuples += 1;
  return unmarked;
}

/** What the mended reference groups for an empty array. */
function oneUndefined(items) {
  if (!items.sequence) mended.emptied += 1;
  return [undefined];
}

/** What the mended reference prints for a number. */
function printed(number) {
  const cut = Number(number.toPrecision(15));
  if (!Number.isInteger(number)) return cut;
  if (cut !== number) mended.digits += 1;
  return number;
}

/** The text with one passage replaced, which must be there. */
function mend(text, passage, replacement) {
  if (!text.includes(passage)) throw new Error(`not found in the reference: ${passage}`);
  return text.replace(passage, replacement);
}

/** jsonata-js 2.0.6, evaluating in order and mended. */
function reference() {
  const home = join(tmpdir(), 'jsonata-2.0.6');
  const file = join(home, 'node_modules', 'jsonata', 'jsonata.js');
  if (!existsSync(file)) {
    mkdirSync(home, { recursive: true });
    execFileSync('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', 'jsonata@2.0.6'], { stdio: 'inherit' });
  }
  let source = readFileSync(file, 'utf8').replaceAll('Promise.all(', 'inOrder(').replaceAll('.map(async (', '.later(async (');
  source = mend(source, 'var reduce = input && input.tupleStream ? true : false;', 'var reduce = isTupleStream(input);');
  source = mend(source, 'input.push(undefined);', 'input = oneUndefined(input);');
  source = mend(source, 'isNumeric(val)) ? Number(val.toPrecision(15)) :', 'isNumeric(val)) ? printed(val) :');
  Object.defineProperty(Array.prototype, 'later', { value(make) { return { items: this, make }; } });
  const inOrder = async ({ items, make }) => {
    const results = [];
    for (const [index, item] of items.entries()) results.push(await make(item, index));
    return results;
  };
  const module = { exports: {} };
  vm.runInThisContext(`(function (module, exports, require, inOrder, isTupleStream, oneUndefined, printed) {${source}\n})`)(
    module, module.exports, createRequire(import.meta.url), inOrder, isTupleStream, oneUndefined, printed);
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
  const tally = {
    compared: 0, values: 0, codes: 0, texts: 0, errors: 0, mended, internal: { uncoded: 0, source: 0, power: 0 },
  };
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
  const inside = insides(source, want, got);
  if (inside) {
    tally.internal[inside] += 1;
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

/** The class of a result that shows a defect of the reference, see the top. */
function insides(source, want, got) {
  if (want.code === '' || (want.code === undefined && want.message)) return 'uncoded';
  if (JSON.stringify(want).includes('async function (...params)')) return 'source';
  const close = source.includes('$power(') && canonical(want) !== canonical(got) && canonical(rough(want)) === canonical(rough(got));
  return close ? 'power' : undefined;
}

/** The same with numbers of 14 digits. */
function rough(value) {
  if (typeof value === 'number') return Number(value.toPrecision(14));
  if (Array.isArray(value)) return value.map(rough);
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rough(member)]));
}

await main();
