"""Strict JSON schemas of Kubernetes kinds, made from the types of Debian's python3-kubernetes, which
come from the API description of Kubernetes 1.22, and from ADDED. An unknown field, a missing field and a
wrong type are errors."""

import re

from kubernetes import client
from kubernetes.client.configuration import Configuration

MODELS = {
    ("v1", "PersistentVolumeClaim"): client.V1PersistentVolumeClaim,
    ("v1", "Service"): client.V1Service,
    ("apps/v1", "Deployment"): client.V1Deployment,
    ("batch/v1", "Job"): client.V1Job,
    ("networking.k8s.io/v1", "NetworkPolicy"): client.V1NetworkPolicy,
}
PLAIN = {
    "bool": {"type": "boolean"},
    "datetime": {"type": "string"},
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "object": {"type": ["integer", "string"]},  # a port by number or name
    "str": {"type": "string"},
}


def strict(required, properties):
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


TEXT = {"type": "string"}
# Fields that later versions of Kubernetes have added. podFailurePolicy: 1.26.
ADDED = {
    "V1JobSpec": {
        "podFailurePolicy": strict(["rules"], {"rules": {"type": "array", "items": strict(["action"], {
            "action": {"enum": ["FailJob", "FailIndex", "Ignore", "Count"]},
            "onExitCodes": strict(["operator", "values"], {
                "containerName": TEXT,
                "operator": {"enum": ["In", "NotIn"]},
                "values": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            }),
            "onPodConditions": {"type": "array", "items": strict(["type", "status"], {
                "type": TEXT, "status": {"enum": ["True", "False", "Unknown"]},
            })},
        })}}),
    },
}


def is_required(model, attribute):
    """Whether the type rejects None for the attribute."""
    unchecked, checked = Configuration(), Configuration()
    unchecked.client_side_validation = False
    value = model(local_vars_configuration=unchecked)
    value.local_vars_configuration = checked
    try:
        setattr(value, attribute, None)
    except ValueError:
        return True
    return False


def schema_of_type(name, definitions):
    if name in PLAIN:
        return PLAIN[name]
    if found := re.fullmatch(r"list\[(.*)\]", name):
        return {"type": "array", "items": schema_of_type(found[1], definitions)}
    if found := re.fullmatch(r"dict\(str, (.*)\)", name):
        return {"type": "object", "additionalProperties": schema_of_type(found[1], definitions)}
    if name not in definitions:
        definitions[name] = {}  # defined first, because types may be recursive
        definitions[name] = schema_of_model(getattr(client, name), definitions)
    return {"$ref": "#/definitions/" + name}


def schema_of_model(model, definitions):
    fields = model.attribute_map
    required = [fields[a] for a in fields if is_required(model, a)]
    known = {fields[a]: schema_of_type(model.openapi_types[a], definitions) for a in fields}
    return strict(required, {**known, **ADDED.get(model.__name__, {})})


def schema_of(document):
    """The schema for the kind of a document. Raises KeyError for an unknown kind."""
    definitions = {}
    schema = schema_of_model(MODELS[document.get("apiVersion"), document.get("kind")], definitions)
    return {**schema, "definitions": definitions}
