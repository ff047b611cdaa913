//! The CRDs, as the API server gets them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::Value;
use thiserror::Error;

use crate::{ferroute, frrk8s, metallb, openpe, yaml};

/// Why the manifests were not written.
#[derive(Debug, Error)]
pub enum WriteError {
    #[error("write the manifest of {crd} as YAML")]
    Yaml { crd: String, source: yaml::Error },
    #[error("write {}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// Every CRD of ferroute, by name.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut all = vec![
        ferroute::NodeRouter::crd(),
        ferroute::RouteSlice::crd(),
        frrk8s::BgpSessionState::crd(),
        frrk8s::FrrConfiguration::crd(),
        metallb::BfdProfile::crd(),
        metallb::BgpAdvertisement::crd(),
        metallb::BgpPeer::crd(),
        metallb::Community::crd(),
        metallb::IpAddressPool::crd(),
        metallb::L2Advertisement::crd(),
        openpe::L2vni::crd(),
        openpe::L3vni::crd(),
        openpe::Underlay::crd(),
    ];
    for crd in &mut all {
        let versions = crd.spec.versions.iter_mut();
        versions
            .filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut())
            .for_each(conform);
    }
    all
}

/// The manifest of every CRD: the name of its file and its text.
pub fn manifests() -> Result<Vec<(String, String)>, WriteError> {
    crds().iter().map(manifest).collect()
}

fn manifest(crd: &CustomResourceDefinition) -> Result<(String, String), WriteError> {
    let spec = &crd.spec;
    let file = format!("{}_{}.yaml", spec.group, spec.names.plural);
    let text = yaml::document(crd).map_err(|source| WriteError::Yaml {
        crd: format!("{}.{}", spec.names.plural, spec.group),
        source,
    })?;
    Ok((file, without_fractions(&text)))
}

/// Bounds are floating-point numbers in the schema's type, and whole in ours.
fn without_fractions(text: &str) -> String {
    let whole = |line: &str| {
        let bound = ["minimum:", "maximum:"]
            .iter()
            .any(|key| line.trim_start().starts_with(key));
        let line = if bound {
            line.trim_end_matches(".0")
        } else {
            line
        };
        format!("{line}\n")
    };
    text.lines().map(whole).collect()
}

/// Writes the manifest of every CRD into a folder, which is made if need be.
pub fn write_crds(folder: &Path) -> Result<(), WriteError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| WriteError::File { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for (file, text) in manifests()? {
        let path = folder.join(file);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

/// What the derived schema says in Rust's terms, in those of the API server.
///
/// It knows no unsigned formats and warns of them. `nullable` goes: without it a null is dropped, as for
/// every type that Kubernetes itself defines, and `has()` in a rule means what it says.
fn conform(schema: &mut JSONSchemaProps) {
    schema.title = None;
    schema.nullable = None;
    // Empty defaults are there for Rust alone; the API server holds them against the field's own bounds.
    schema.default = schema
        .default
        .take()
        .filter(|default| !is_empty(&default.0));
    schema.format = schema.format.take().map(signed);
    let properties = schema.properties.iter_mut().flat_map(|p| p.values_mut());
    properties.for_each(conform);
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => conform(item),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(conform),
        None => {}
    }
    match &mut schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(value)) => conform(value),
        Some(JSONSchemaPropsOrBool::Bool(_)) | None => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn signed(format: String) -> String {
    match format.as_str() {
        "uint8" | "uint16" => "int32".to_owned(),
        "uint32" | "uint64" => "int64".to_owned(),
        _ => format,
    }
}
