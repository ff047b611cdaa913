//! Label selectors: whether one matches, and whether it is one.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::violation::Problem;

/// The labels of an object.
pub type Labels = BTreeMap<String, String>;

const REQUIREMENT: &str = "a requirement: In or NotIn with values, Exists or DoesNotExist without";

/// The operators of a requirement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        match name {
            "In" => Some(Self::In),
            "NotIn" => Some(Self::NotIn),
            "Exists" => Some(Self::Exists),
            "DoesNotExist" => Some(Self::DoesNotExist),
            _ => None,
        }
    }

    fn takes_values(self) -> bool {
        match self {
            Self::In | Self::NotIn => true,
            Self::Exists | Self::DoesNotExist => false,
        }
    }
}

/// Whether the selector matches the labels. An empty one matches all; one that is not a selector, none.
pub fn matches(selector: &LabelSelector, labels: &Labels) -> bool {
    let equal = selector.match_labels.iter().flatten();
    let required = selector.match_expressions.iter().flatten();
    equal
        .into_iter()
        .all(|(key, value)| labels.get(key) == Some(value))
        && required
            .into_iter()
            .all(|requirement| holds(requirement, labels))
}

/// Whether one of the selectors matches; no selectors at all match everything.
pub fn matches_any(selectors: &[LabelSelector], labels: &Labels) -> bool {
    selectors.is_empty() || selectors.iter().any(|selector| matches(selector, labels))
}

/// Whether there is no selector, or it matches.
pub fn matches_optional(selector: Option<&LabelSelector>, labels: &Labels) -> bool {
    selector.is_none_or(|selector| matches(selector, labels))
}

fn holds(requirement: &LabelSelectorRequirement, labels: &Labels) -> bool {
    let value = labels.get(&requirement.key);
    let listed = value.is_some_and(|value| requirement.values.iter().flatten().any(|v| v == value));
    match Operator::named(&requirement.operator) {
        Some(Operator::In) => listed,
        Some(Operator::NotIn) => !listed,
        Some(Operator::Exists) => value.is_some(),
        Some(Operator::DoesNotExist) => value.is_none(),
        None => false,
    }
}

/// Refuses operators that do not exist, and operators with too many or too few values.
pub fn check_selector(selector: &LabelSelector) -> Result<(), Problem> {
    for requirement in selector.match_expressions.iter().flatten() {
        let has_values = requirement.values.as_ref().is_some_and(|v| !v.is_empty());
        let fits = Operator::named(&requirement.operator)
            .is_some_and(|operator| operator.takes_values() == has_values);
        if !fits {
            let shown = format!("{} {}", requirement.key, requirement.operator);
            return Err(Problem::malformed(REQUIREMENT, &shown));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn requirement(key: &str, operator: &str, values: &[&str]) -> LabelSelector {
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        LabelSelector {
            match_labels: None,
            match_expressions: Some(vec![LabelSelectorRequirement {
                key: key.to_owned(),
                operator: operator.to_owned(),
                values: (!values.is_empty()).then_some(values),
            }]),
        }
    }

    #[test]
    fn each_operator_decides_as_kubernetes_does() {
        let rack1 = labels(&[("rack", "1")]);
        let table = [
            ("In", &["1", "2"][..], true, false),
            ("NotIn", &["1"][..], false, true),
            ("Exists", &[][..], true, false),
            ("DoesNotExist", &[][..], false, true),
            ("Near", &["1"][..], false, false),
        ];
        for (operator, values, with, without) in table {
            let selector = requirement("rack", operator, values);
            let seen = (
                matches(&selector, &rack1),
                matches(&selector, &Labels::new()),
            );
            assert_eq!(seen, (with, without), "{operator}");
        }
    }

    #[test]
    fn labels_and_expressions_must_all_hold() {
        let mut selector = requirement("rack", "Exists", &[]);
        selector.match_labels = Some(labels(&[("zone", "a")]));
        assert!(matches(&selector, &labels(&[("rack", "1"), ("zone", "a")])));
        assert!(!matches(
            &selector,
            &labels(&[("rack", "1"), ("zone", "b")])
        ));
        assert!(!matches(&selector, &labels(&[("zone", "a")])));
    }

    #[test]
    fn an_empty_selector_and_no_selectors_match_everything() {
        assert!(matches(&LabelSelector::default(), &Labels::new()));
        assert!(matches_any(&[], &Labels::new()));
        assert!(matches_optional(None, &Labels::new()));
    }

    #[test]
    fn operators_without_the_values_they_need_are_refused() {
        let table = [
            ("In", &["1"][..], true),
            ("In", &[][..], false),
            ("Exists", &["1"][..], false),
            ("DoesNotExist", &[][..], true),
            ("Near", &["1"][..], false),
        ];
        for (operator, values, good) in table {
            let checked = check_selector(&requirement("rack", operator, values));
            assert_eq!(checked.is_ok(), good, "{operator} {values:?}");
        }
    }
}
