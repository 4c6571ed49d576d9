//! What functions are, as far as it is paid for: what template.yaml makes of them unless it is told otherwise.

/// Memory in GB, and what a GB costs for a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Functions {
    pub(super) worker: f64,
    pub(super) slow_worker: f64,
    pub(super) api: f64,
    pub(super) gigabyte_second: f64,
}

impl Functions {
    /// By the defaults of the template's parameters.
    pub(super) fn by_default() -> Functions {
        let template = std::fs::read_to_string("template.yaml").unwrap();
        let value = |place: &str, member: &str| {
            let (_, below) = template.split_once(&format!("\n  {place}:\n")).unwrap();
            let (_, value) = below.split_once(&format!("{member}: ")).unwrap();
            value.lines().next().unwrap().trim().to_owned()
        };
        let gigabytes = |place, member| value(place, member).parse::<f64>().unwrap() / 1024.0;
        let architecture = value("Architecture", "Default");
        let (_, gigabyte_second) = PRICES.into_iter().find(|(a, _)| *a == architecture).unwrap();
        Functions {
            worker: gigabytes("WorkerMemory", "Default"),
            slow_worker: gigabytes("SlowWorkerMemory", "Default"),
            api: gigabytes("ApiFunction", "MemorySize"),
            gigabyte_second,
        }
    }
}

/// List prices of us-east-1 in dollars.
const PRICES: [(&str, f64); 2] = [("arm64", 0.000_013_333_4), ("x86_64", 0.000_016_666_7)];
