//! Names as Step Functions spells them: members in Pascal case, whatever the API's own spelling.

/// The name of a member in parameters and results: the first letter is a capital, the rest stays (`functionName` is
/// `FunctionName`, `ETag` stays). Java has a method `equals` already, so that member has another name.
pub(in crate::task) fn pascal(member: &str) -> String {
    if member == "equals" {
        return "EqualsValue".to_owned();
    }
    let mut letters = member.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Whether a parameter means a member.
pub(super) fn means(parameter: &str, member: &str) -> bool {
    let (Some(wanted), Some(first)) = (parameter.chars().next(), member.chars().next()) else {
        return false;
    };
    if member == "equals" {
        return parameter == "EqualsValue";
    }
    wanted == first.to_ascii_uppercase()
        && parameter.get(wanted.len_utf8()..) == member.get(first.len_utf8()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_begin_with_a_capital_and_keep_the_rest() {
        let table = [
            ("functionName", "FunctionName"),
            ("ETag", "ETag"),
            ("dBName", "DBName"),
            ("equals", "EqualsValue"),
            ("s3Location", "S3Location"),
            ("", ""),
        ];
        for (member, expected) in table {
            assert_eq!(pascal(member), expected);
            assert_eq!(means(expected, member), !member.is_empty(), "{member}");
        }
        assert!(!means("functionName", "functionName"), "parameters are in Pascal case only");
        assert!(!means("FunctionNames", "functionName"));
    }
}
