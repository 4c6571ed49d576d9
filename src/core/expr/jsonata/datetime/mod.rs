//! Stub.
use super::error::Outcome;
pub(crate) mod integer {
    use super::super::error::Outcome;
    pub(crate) fn format(_n: f64, _p: &str) -> Outcome<String> {
        Ok(String::new())
    }
    pub(crate) fn parse(_t: &str, _p: &str) -> Outcome<Option<f64>> {
        Ok(None)
    }
}
pub(crate) fn format(_m: f64, _p: Option<&str>, _z: Option<&str>) -> Outcome<String> {
    Ok(String::new())
}
pub(crate) fn parse(_t: &str, _p: &str, _now: i64) -> Outcome<Option<f64>> {
    Ok(None)
}
pub(crate) fn parse_iso(_t: &str) -> Option<f64> {
    None
}
