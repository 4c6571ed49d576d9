// Random valid JSONata expressions over a fixed document, the same for the same seed.
// Used by compare.mjs; run alone it prints expressions, one per line: node generate.mjs [count] [seed]

/** The document and the variables that the expressions are about. */
export const document = {
  order: { id: 17, customer: { name: 'Ada Byron', vip: true }, note: null, total: 129.5 },
  lines: [
    { sku: 'K-1', price: 12.5, amount: 3, tags: ['new', 'red'] },
    { sku: 'B-7', price: 80, amount: 1, tags: [] },
    { sku: 'K-1', price: 12.5, amount: 2, tags: ['red'], gift: false },
    { sku: 'Z', amount: 0, tags: ['old', 'new'], dims: { w: 2, h: [1, 2.25] } },
  ],
  matrix: [[1, 2], [3, [4, 5]], []],
  words: ['delta', 'Alpha', 'çedille', 'b2', ''],
  numbers: [5, -3, 0, 2.75, 1e21],
  flag: false,
  nothing: null,
  text: 'The quick (brown) fox: 42 jumps, 7 times',
  when: '2024-02-29T23:05:09.120Z',
  empty: {},
  void: [],
};
export const bindings = { n: 4, s: 'red', list: [1, [2, 3], 'x'], rec: { sku: 'B-7', w: 1 } };

/** A repeatable source of choices. */
export class Choices {
  constructor(seed) {
    this.state = seed >>> 0 || 1;
  }
  next() {
    // xorshift32: any generator will do, as long as it is the same everywhere.
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state / 4294967296;
  }
  below(n) {
    return Math.floor(this.next() * n);
  }
  of(items) {
    return items[this.below(items.length)];
  }
}

const FIELDS = ['order', 'lines', 'matrix', 'words', 'numbers', 'flag', 'nothing', 'text', 'when', 'empty', 'void',
  'missing', 'order.customer', 'order.id', 'order.total', 'order.customer.name', 'lines.price', 'lines.sku',
  'lines.tags', 'lines.dims.h', 'lines.gift', '*', '**', '$', '$$', 'lines.*'];
const INNER = ['sku', 'price', 'amount', 'tags', 'dims', 'name', 'id', 'customer', '$', '*', 'missing', 'w', 'h'];
const LITERALS = ['0', '1', '2', '-1', '3.5', '1e3', '0.1', '"red"', '"K-1"', '""', '"a b"', 'true', 'false', 'null',
  '[]', '{}', '[1,2,3]', '["b","a"]', '[[1],[2]]', '$n', '$s', '$list', '$rec', '$unbound'];
const ARITHMETIC = ['+', '-', '*', '/', '%'];
const COMPARISON = ['=', '!=', '<', '<=', '>', '>=', 'in'];
const PICTURES = ['"0"', '"#,##0.00"', '"00.#"', '"#0%"', '"(0);[0]"'];
const TIMES = ['"[Y]-[M01]-[D01]"', '"[FNn], [D1o] [MNn] [Y0001]"', '"[H01]:[m]:[s].[f001]"', '"[h]:[m01] [P]"',
  '"[W]/[X]"', '"[d]"', '"[w] [x]"', '"[YI]"', '"[Dw]"', '"[Z]"', '"[Y0001][M01][D01]"'];
const INTEGERS = ['"0"', '"000"', '"#,##0"', '"w"', '"W"', '"Ww;o"', '"I"', '"i"', '"A"', '"a"', '"0;o"', '"x"'];
const REGEXES = ['/[a-z]+/', '/K-(\\d)/', '/(.)(.)/', '/e/i', '/^T/', '/\\bfox\\b/', '/x*y/', '/(a)|(b)/'];

/** One expression, nested at most `depth` levels. */
export function expression(c, depth) {
  if (depth <= 0) return c.next() < 0.6 ? c.of(FIELDS) : c.of(LITERALS);
  const e = () => expression(c, depth - 1 - c.below(2));
  const kind = c.below(22);
  switch (kind) {
    case 0: return `(${e()} ${c.of(ARITHMETIC)} ${e()})`;
    case 1: return `(${e()} ${c.of(COMPARISON)} ${e()})`;
    case 2: return `(${e()} ${c.of(['and', 'or', '&'])} ${e()})`;
    case 3: return `${path(c, depth)}`;
    case 4: return `${path(c, depth)}`;
    case 5: return `(${e()} ? ${e()}${c.next() < 0.7 ? ` : ${e()}` : ''})`;
    case 6: return `[${e()}${c.next() < 0.3 ? `..${c.of(['1', '3', '5', e()])}` : ''}]`;
    case 7: return `{"k": ${e()}}`;
    case 8: return `(${binding(c, depth)})`;
    case 9: return `${e()} ~> ${c.of(['$count', '$string', '$sum', '$reverse', '$exists', '$type', '$keys', '$boolean',
      '$uppercase', '$length', '$distinct', '$sort', '$spread', '$merge', '$number', '$not', '$count()', '$string()',
      '|lines|{"t": price * amount}|', '|order.customer|{"x": 1}, "vip"|', '$map(function($v){$v})'])}`;
    case 10: return `-${c.of(['(', '('])}${e()})`;
    case 11: return higherOrder(c, depth);
    default: return call(c, depth);
  }
}

function path(c, depth) {
  const base = c.of([...FIELDS, '$rec', '$list']);
  const e = () => expression(c, depth - 2);
  const suffixes = [
    () => `.${c.of(INNER)}`,
    () => `.(${e()})`,
    () => `.{"a": ${c.of(INNER)}, "b": ${e()}}`,
    () => `.[${c.of(INNER)}, ${c.of(LITERALS)}]`,
    () => `[${c.of(['0', '-1', '1', '[0..1]', 'price > 20', 'sku = "K-1"', '$ > 1', 'tags', '$n', e()])}]`,
    () => `^(${c.of(['', '<', '>'])}${c.of(['price', 'sku', 'amount', '$', 'tags[0]'])})`,
    () => '[]',
    () => `{${c.of(['sku', '"k" & $string($)', '$type($)', '"all"'])}: ${c.of(['$', 'price', '$count($)', '$sum(price)'])}}`,
    () => `#$i.{"i": $i, "v": ${c.of(INNER)}}`,
    () => `@$v.{"v": $v, "o": $count(order)}`,
    () => `.tags.{"t": $, "p": %.sku}`,
    () => `[${c.of(['%.order.id = 17', '%.flag', '$exists(%)'])}]`,
  ];
  let out = base;
  for (let n = 1 + c.below(3); n > 0; n -= 1) out += c.of(suffixes)();
  return out;
}

function binding(c, depth) {
  const e = () => expression(c, depth - 2);
  return c.of([
    () => `$v := ${e()}; ${c.of(['$v', '[$v, $v]', '$v[0]', '{"v": $v}', '$v.sku', '$count($v)'])}`,
    () => `$f := function($x, $y){${c.of(['$x', '[$x, $y]', '$x & $y', '$x ? $y : $x'])}}; $f(${e()}, ${e()})`,
    () => `$f := function($x)<${c.of(['n:n', 's:s', 'a:a', 'x:x', 'o-:o', 'a<n>:n', '(sn)?:x'])}>{$x}; $f(${e()})`,
    () => `$f := function($k){$k <= 0 ? ${e()} : $f($k - 1)}; $f(${c.of(['3', '10'])})`,
    () => `$p := $${c.of(['append', 'join', 'zip'])}(${c.of(['?, [1]', '?, ?'])}); $type($p)`,
    () => `$g := function($x){$string($x)} ~> $length; $g(${e()})`,
  ])();
}

function higherOrder(c, depth) {
  const e = () => expression(c, depth - 1);
  const f = c.of(['$string', '$count', '$boolean', 'function($x){$x}', 'function($x, $i){$i}', 'function($x){$x > 1}',
    'function($x){$x.sku}', 'function($x, $i, $a){$count($a)}', 'λ($x){[$x]}', '$uppercase', '$type']);
  return c.of([
    () => `$map(${e()}, ${f})`,
    () => `$filter(${e()}, ${f})`,
    () => `$single(${e()}, ${f})`,
    () => `$sift(${e()}, ${f})`,
    () => `$each(${e()}, ${f})`,
    () => `$reduce(${e()}, ${c.of(['function($a, $b){$a & $b}', 'function($a, $b){[$a, $b]}', '$append', f])})`,
    () => `$reduce(${e()}, function($a, $b, $i){$i}, ${e()})`,
    () => `$sort(${e()}, function($a, $b){${c.of(['$a > $b', '$a.price < $b.price', 'false'])}})`,
  ])();
}

function call(c, depth) {
  const e = () => expression(c, depth - 1);
  const [name, ...parameters] = c.of(CALLS);
  const given = parameters.map((p) => (p === null ? e() : c.next() < 0.1 && !['formatNumber', 'round', 'parseInteger'].includes(name) ? e() : c.of(p)));
  // The last argument is left out now and then.
  if (given.length > 0 && c.next() < 0.12) given.pop();
  return `$${name}(${given.join(', ')})`;
}

const TEXTS = ['text', 'words[0]', 'words', '"red,blue"', 'order.customer.name', '$s', 'when', '"MMXIV"', '"twelve"',
  '"a%20b"', '"Zm9v"', '"12"', '"0x1F"', '"é€"', '"  x  y "', 'missing'];
const COUNTS = ['0', '1', '2', '3', '-2', '10', '2.5', 'order.id', 'order.total', 'numbers', '$n', '1234567.891',
  '0.005', '1709247909120', 'missing'];
const MARKS = ['" "', '","', '"e"', '"K"', '""', ...REGEXES];
const CALLS = [
  ['string', null], ['string', null, ['true', 'false']], ['length', TEXTS], ['substring', TEXTS, COUNTS, COUNTS],
  ['substring', TEXTS, COUNTS], ['substringBefore', TEXTS, ['" "', '","', '"z"']],
  ['substringAfter', TEXTS, ['" "', '","', '"z"']], ['uppercase', TEXTS], ['lowercase', TEXTS], ['trim', TEXTS],
  ['pad', TEXTS, COUNTS.filter((n) => !/1234567|1709/.test(n)), ['"*"', '"ab"', '""']], ['contains', TEXTS, MARKS],
  ['split', TEXTS, MARKS, COUNTS], ['split', TEXTS, MARKS], ['join', ['words', 'lines.sku', 'lines.tags', '["a"]'], MARKS.slice(0, 5)],
  ['match', TEXTS, REGEXES], ['match', TEXTS, REGEXES, COUNTS],
  ['replace', TEXTS, MARKS, ['"-"', '"$0$1"', '"$$"', '"[$2]"']],
  ['replace', TEXTS, REGEXES, ['function($m){$m.match}', '$uppercase', 'function($m){$string($m.index)}']],
  ['replace', TEXTS, MARKS, ['"-"'], COUNTS], ['base64encode', TEXTS], ['base64decode', TEXTS],
  ['encodeUrlComponent', TEXTS], ['encodeUrl', TEXTS], ['decodeUrlComponent', TEXTS], ['decodeUrl', TEXTS],
  ['number', TEXTS], ['number', null], ['abs', COUNTS], ['floor', COUNTS], ['ceil', COUNTS],
  ['round', COUNTS, ['0', '1', '2', '-1']], ['power', COUNTS, ['0', '2', '0.5', '-1']], ['sqrt', COUNTS],
  ['formatNumber', COUNTS, PICTURES], ['formatBase', COUNTS, ['2', '16', '36', '1']],
  ['formatInteger', COUNTS, INTEGERS], ['parseInteger', TEXTS, INTEGERS.filter((i) => !/a/i.test(i))],
  ['parseInteger', ['"AZ"', '"q"', '""'], ['"A"', '"a"']], ['sum', null], ['max', null], ['min', null],
  ['average', null], ['count', null], ['boolean', null], ['not', null], ['exists', null], ['type', null],
  ['append', null, null], ['reverse', null], ['sort', null], ['distinct', null], ['zip', null, null],
  ['keys', null], ['lookup', null, ['"sku"', '"price"', '"order"']], ['spread', null], ['merge', null],
  ['sum', ['numbers[0..2]', 'lines.price', 'lines.(price * amount)']], ['toMillis', ['when', '"2024-01-01"', '"x"']],
  ['toMillis', ['"2024-02-01"', '"20240201"', '"Friday, 1st March 2024"'], TIMES.filter((t) => t !== '"[d]"')], ['fromMillis', COUNTS],
  ['fromMillis', ['1709247909120', '0', '-1', '4102444799999'], TIMES],
  ['fromMillis', ['1709247909120'], TIMES, ['"+0100"', '"-0530"', '"0000"']], ['error', TEXTS],
  ['assert', ['flag', 'true', 'order.customer.vip'], TEXTS], ['clone', null], ['unknown', null], ['type', null],
];

if (process.argv[1] && process.argv[1].endsWith('generate.mjs')) {
  const c = new Choices(Number(process.argv[3] ?? 1));
  for (let n = Number(process.argv[2] ?? 20); n > 0; n -= 1) console.log(expression(c, 3));
}
