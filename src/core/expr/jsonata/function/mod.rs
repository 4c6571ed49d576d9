//! Built-in functions, as one table.

mod aggregate;
mod array;
mod aws;
mod encoding;
mod higher_order;
mod logic;
mod matching;
mod numeric;
mod object;
mod string;
mod time;

use std::sync::LazyLock;

use super::eval::function::{Builtin, Run};
use super::signature::Signature;
pub(crate) use numeric::round_to;

/// The built-in function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    let index = BUILTINS.binary_search_by(|builtin| builtin.name.cmp(name)).ok()?;
    BUILTINS.get(index)
}

/// What the function accepts.
pub(crate) fn signature(builtin: &Builtin) -> &'static Signature {
    static NONE: LazyLock<Signature> = LazyLock::new(Signature::default);
    SIGNATURES.get(builtin.index).unwrap_or(&NONE)
}

static SIGNATURES: LazyLock<Vec<Signature>> =
    LazyLock::new(|| TABLE.iter().map(|row| Signature::parse(row.1).unwrap_or_default()).collect());

static BUILTINS: LazyLock<Vec<Builtin>> =
    LazyLock::new(|| {
        let row = |(index, row): (usize, &(&'static str, &'static str, usize, usize, Run))| {
            Builtin { name: row.0, index, arity: row.2, parameters: row.3, run: row.4 }
        };
        let mut all: Vec<Builtin> = TABLE.iter().enumerate().map(row).collect();
        all.sort_by_key(|builtin| builtin.name);
        all
    });

/// Name, signature, arguments when called by another function, parameters, code.
const TABLE: &[(&str, &str, usize, usize, Run)] = &[
    ("sum", "<a<n>:n>", 1, 1, aggregate::sum),
    ("count", "<a:n>", 1, 1, aggregate::count),
    ("max", "<a<n>:n>", 1, 1, aggregate::max),
    ("min", "<a<n>:n>", 1, 1, aggregate::min),
    ("average", "<a<n>:n>", 1, 1, aggregate::average),
    ("string", "<x-b?:s>", 1, 2, string::string),
    ("substring", "<s-nn?:s>", 3, 3, string::substring),
    ("substringBefore", "<s-s:s>", 2, 2, string::substring_before),
    ("substringAfter", "<s-s:s>", 2, 2, string::substring_after),
    ("lowercase", "<s-:s>", 1, 1, string::lowercase),
    ("uppercase", "<s-:s>", 1, 1, string::uppercase),
    ("length", "<s-:n>", 1, 1, string::length),
    ("trim", "<s-:s>", 1, 1, string::trim),
    ("pad", "<s-ns?:s>", 3, 3, string::pad),
    ("match", "<s-f<s:o>n?:a<o>>", 3, 3, matching::find_all),
    ("contains", "<s-(sf):b>", 2, 2, matching::contains),
    ("replace", "<s-(sf)(sf)n?:s>", 4, 4, matching::replace),
    ("split", "<s-(sf)n?:a<s>>", 3, 3, matching::split),
    ("join", "<a<s>s?:s>", 2, 2, string::join),
    ("formatNumber", "<n-so?:s>", 3, 3, numeric::format_number),
    ("formatBase", "<n-n?:s>", 2, 2, numeric::format_base),
    ("formatInteger", "<n-s:s>", 2, 2, numeric::format_integer),
    ("parseInteger", "<s-s:n>", 2, 2, numeric::parse_integer),
    ("number", "<(nsb)-:n>", 1, 1, numeric::number),
    ("floor", "<n-:n>", 1, 1, numeric::floor),
    ("ceil", "<n-:n>", 1, 1, numeric::ceil),
    ("round", "<n-n?:n>", 2, 2, numeric::round),
    ("abs", "<n-:n>", 1, 1, numeric::abs),
    ("sqrt", "<n-:n>", 1, 1, numeric::sqrt),
    ("power", "<n-n:n>", 2, 2, numeric::power),
    ("boolean", "<x-:b>", 1, 1, logic::boolean),
    ("not", "<x-:b>", 1, 1, logic::not),
    ("exists", "<x:b>", 1, 1, logic::exists),
    ("type", "<x:s>", 1, 1, logic::type_of),
    ("error", "<s?:x>", 1, 1, logic::error),
    ("assert", "<bs?:x>", 2, 2, logic::assert),
    ("map", "<af>", 2, 2, higher_order::map),
    ("filter", "<af>", 2, 2, higher_order::filter),
    ("single", "<af?>", 2, 2, higher_order::single),
    ("reduce", "<afj?:j>", 3, 3, higher_order::reduce),
    ("sift", "<o-f?:o>", 2, 2, higher_order::sift),
    ("each", "<o-f:a>", 2, 2, higher_order::each),
    ("zip", "<a+>", 0, 0, array::zip),
    ("append", "<xx:a>", 2, 2, array::append),
    ("reverse", "<a:a>", 1, 1, array::reverse),
    ("sort", "<af?:a>", 2, 2, array::sort),
    ("shuffle", "<a:a>", 1, 1, array::shuffle),
    ("distinct", "<x:x>", 1, 1, array::distinct),
    ("keys", "<x-:a<s>>", 1, 1, object::keys),
    ("lookup", "<x-s:x>", 2, 2, object::lookup),
    ("spread", "<x-:a<o>>", 1, 1, object::spread),
    ("merge", "<a<o>:o>", 1, 1, object::merge),
    ("clone", "<(oa)-:o>", 1, 1, object::clone),
    ("base64encode", "<s-:s>", 1, 1, encoding::base64_encode),
    ("base64decode", "<s-:s>", 1, 1, encoding::base64_decode),
    ("encodeUrlComponent", "<s-:s>", 1, 1, encoding::encode_url_component),
    ("encodeUrl", "<s-:s>", 1, 1, encoding::encode_url),
    ("decodeUrlComponent", "<s-:s>", 1, 1, encoding::decode_url_component),
    ("decodeUrl", "<s-:s>", 1, 1, encoding::decode_url),
    ("toMillis", "<s-s?:n>", 2, 2, time::to_millis),
    ("fromMillis", "<n-s?s?:s>", 3, 3, time::from_millis),
    ("now", "<s?s?:s>", 2, 2, time::now),
    ("millis", "<:n>", 0, 0, time::millis),
    ("partition", "<an:a>", 2, 2, aws::partition),
    ("range", "<nnn:a>", 3, 3, aws::range),
    ("hash", "<ss:s>", 2, 2, aws::hash),
    ("random", "<n?:n>", 0, 1, aws::random),
    ("uuid", "<:s>", 0, 0, aws::uuid),
    ("parse", "<s-:x>", 1, 1, aws::parse),
];
