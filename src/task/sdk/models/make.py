"""Makes models.bin: what the generic client must know of each AWS service, from the API models in botocore.

    make aws-models            in a virtual environment with the pinned botocore and zstandard

The layout is that of read.rs beside this file; both change together. All numbers are LEB128, texts are an index into
the table of texts of the block, 0 being the empty text.

    "SWM2", dictionary, number of services, (name, prefix, compressed length, raw length) of each, then their blocks
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import botocore
import zstandard
from botocore.endpoint_provider import EndpointProvider
from botocore.session import get_session

BOTOCORE = "1.44.5"
MAGIC = b"SWM2"
DICTIONARY_BYTES = 64 * 1024
LEVEL = 22

# Protocols as read.rs numbers them, in order of preference.
PROTOCOLS = ["json", "rest-json", "rest-xml", "query", "ec2", "smithy-rpc-v2-cbor"]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
KINDS = ["structure", "list", "map", "string", "blob", "boolean", "integer", "long", "float", "double", "timestamp", "document"]
LOCATIONS = [None, "header", "headers", "querystring", "uri", "statusCode"]
TIMES = [None, "iso8601", "unixTimestamp", "rfc822"]


class Texts:
    """The table of texts of one block."""

    def __init__(self):
        self.known = {"": 0}

    def __call__(self, text):
        return self.known.setdefault(text or "", len(self.known))

    def bytes(self):
        texts = [text.encode() for text in self.known][1:]
        return number(len(texts)) + b"".join(number(len(text)) for text in texts) + b"".join(texts)


def number(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def numbers(*values):
    return b"".join(number(value) for value in values)


def plain(text):
    raw = text.encode()
    return number(len(raw)) + raw


# --- Names as the AWS SDK for Java 2 makes them, which Step Functions took over.


def words(text):
    """Words of a name: `DBInstanceNotFound` is DB, Instance, Not, Found."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", text)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", " ", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    return text.split()


def pascal(text):
    return "".join(word[:1].upper() + word[1:].lower() for word in words(text))


def prefix_of(service_id):
    name = pascal(service_id)
    for leading in ("Amazon", "Aws"):
        name = name.removeprefix(leading)
    return name.removesuffix("Service")


def exception_of(shape):
    if shape.endswith("Fault"):
        return pascal(shape.removesuffix("Fault")) + "Exception"
    name = pascal(shape)
    return name if shape.endswith("Exception") else name + "Exception"


# --- Endpoints: the rule sets evaluated for every region, and the shortest table that says the same.


class Endpoints:
    def __init__(self, rules, partitions, metadata):
        self.rules, self.partitions, self.metadata = rules, partitions, metadata
        self.provider = EndpointProvider(rules, partitions)
        self.usual = "{}.{{region}}.{{suffix}}".format(metadata["endpointPrefix"])

    def table(self, context):
        """[(partition or region or "", host template, signing region, signing name)]; later ones are more special."""
        found = {}
        for partition in self.partitions["partitions"]:
            for region in partition["regions"]:
                if not region.endswith("global"):
                    found[region] = self.resolve(region, context, partition)
        rows = [("", self.usual, "", "")]
        for partition in self.partitions["partitions"]:
            rows += self.special(partition, found, rows[0])
        return rows if any(found.values()) else []

    def resolve(self, region, context, partition):
        parameters = {"Region": region, "UseFIPS": False, "UseDualStack": False, "UseGlobalEndpoint": False}
        known = self.rules["parameters"]
        parameters = {k: v for k, v in (parameters | context).items() if k in known}
        try:
            endpoint = self.provider.resolve_endpoint(**parameters)
        except Exception:
            return None
        schemes = endpoint.properties.get("authSchemes") or [{}]
        scheme = next((s for s in schemes if s.get("name") == "sigv4"), {})
        host = endpoint.url.removeprefix("https://")
        signing = scheme.get("signingRegion", "")
        name = scheme.get("signingName", "")
        if name == self.metadata.get("signingName", self.metadata["endpointPrefix"]):
            name = ""
        return host, "" if signing == region else signing, name

    def special(self, partition, found, usual):
        suffix = partition["outputs"]["dnsSuffix"]
        regions = [region for region in partition["regions"] if found.get(region)]
        candidates = Counter({usual[1:]: 0})
        for region in regions:
            host, signing, name = found[region]
            for template in {host, host.replace(region, "{region}")}:
                for ending in {template, template.removesuffix(suffix) + "{suffix}"} if template.endswith(suffix) else {template}:
                    candidates[ending, signing, name] += 0
                    candidates[ending, "", name] += 0

        def fits(row, region):
            host = row[0].replace("{region}", region).replace("{suffix}", suffix)
            signing = row[1] if row[1] != region else ""
            return (host, signing, row[2]) == found[region]

        if not regions:
            return []
        best = max(sorted(candidates, key=lambda row: row != usual[1:]), key=lambda row: sum(fits(row, r) for r in regions))
        rows = [(partition["id"], *best)] if best != usual[1:] else []
        return rows + [(region, *found[region]) for region in regions if not fits(best, region)]


# --- One service.


class Service:
    def __init__(self, model, rules, partitions):
        self.model, self.metadata = model, model["metadata"]
        self.text = Texts()
        self.shapes, self.by_content, self.by_name = [], {}, {}
        self.endpoints = Endpoints(rules, partitions, self.metadata) if rules else None
        self.tables = []
        self.prefix = prefix_of(self.metadata["serviceId"])
        self.name = self.prefix.lower()

    def protocol(self):
        offered = self.metadata.get("protocols") or [self.metadata["protocol"]]
        return next(protocol for protocol in PROTOCOLS if protocol in offered)

    def block(self):
        operations = [self.operation(name, op) for name, op in sorted(self.model["operations"].items())]
        m, text = self.metadata, self.text
        version = m.get("jsonVersion", "1.0" if self.protocol() == "json" else "1.1")
        flags = int("awsQueryCompatible" in m) | int(m["signatureVersion"] == "bearer") << 1 | int(version == "1.1") << 2
        namespace = m.get("xmlNamespace", "")
        namespace = namespace.get("uri", "") if isinstance(namespace, dict) else namespace
        head = numbers(
            text(m["serviceId"]), text(m.get("signingName", m["endpointPrefix"])), text(m.get("targetPrefix")),
            text(m["apiVersion"]), text(namespace), PROTOCOLS.index(self.protocol()), flags,
        )
        tables = [number(len(table)) + b"".join(numbers(*map(text, row)) for row in table) for table in self.tables]
        errors = sorted(self.errors().items())
        errors = [numbers(text(code), text(name if name != self.obvious(code) else "")) for code, name in errors]
        parts = [numbers(len(part)) + b"".join(part) for part in (tables, errors, self.shapes, operations)]
        return self.text.bytes() + head + b"".join(parts)

    def errors(self):
        """Code on the wire: name of the exception."""
        found = {}
        for name, shape in self.model["shapes"].items():
            if shape.get("exception"):
                found[shape.get("error", {}).get("code", name)] = exception_of(name)
        return found

    @staticmethod
    def obvious(code):
        return code if code.endswith("Exception") else code + "Exception"

    def operation(self, name, op):
        source, target = op.get("input", {}), op.get("output", {})
        checksum = op.get("httpChecksum", {})
        required = op.get("httpChecksumRequired") or checksum.get("requestChecksumRequired")
        shapes = self.model["shapes"]
        events = [self.events(shapes, part.get("shape")) for part in (source, target)]
        flags = (
            int(op.get("authtype") == "none") | int(op.get("authtype") == "v4-unsigned-body" or op.get("unsignedPayload", False)) << 1
            | int(bool(required)) << 2 | int(events[0]) << 3 | int(events[1]) << 4
        )
        namespace = source.get("xmlNamespace", {})
        wrapper = target.get("resultWrapper", "")
        return numbers(
            self.text(name), METHODS.index(op["http"]["method"]), self.text(op["http"]["requestUri"]), flags,
            self.shape(source) + 1 if source else 0, self.shape(target) + 1 if target else 0,
            self.text(op.get("endpoint", {}).get("hostPrefix")), self.text(wrapper),
            self.text(source.get("locationName")), self.text(namespace.get("uri")),
            self.text(checksum.get("requestAlgorithmMember")), self.table(op),
        )

    @staticmethod
    def events(shapes, name):
        members = shapes[name].get("members", {}) if name else {}
        return any(shapes[m["shape"]].get("eventstream") for m in members.values())

    def table(self, op):
        context = {k: v["value"] for k, v in op.get("staticContextParams", {}).items()}
        table = self.endpoints.table(context) if self.endpoints else []
        if table not in self.tables:
            self.tables.append(table)
        return self.tables.index(table)

    # Shapes without their names; equal ones are one.

    def shape(self, reference):
        name = reference["shape"]
        if name not in self.by_name:
            shape = self.model["shapes"][name]
            if shape["type"] == "structure" and not shape.get("document"):
                # It may contain itself, so it has its place before its content.
                self.by_name[name] = len(self.shapes)
                self.shapes.append(None)
                self.shapes[self.by_name[name]] = self.content(shape)
            elif shape["type"] in ("list", "map"):
                if self.recursive(name):
                    self.by_name[name] = len(self.shapes)
                    self.shapes.append(None)
                    self.shapes[self.by_name[name]] = self.content(shape)
                else:
                    self.by_name[name] = self.shared(self.content(shape))
            else:
                self.by_name[name] = self.shared(self.content(shape))
        return self.by_name[name]

    def shared(self, content):
        if content not in self.by_content:
            self.by_content[content] = len(self.shapes)
            self.shapes.append(content)
        return self.by_content[content]

    def recursive(self, name):
        """Whether a list or map reaches itself through lists and maps alone."""
        seen, here = set(), name
        while True:
            shape = self.model["shapes"][here]
            if shape["type"] not in ("list", "map"):
                return False
            if here in seen:
                return True
            seen.add(here)
            here = shape.get("member", shape.get("value"))["shape"]

    def content(self, shape):
        kind = "document" if shape.get("document") else {"character": "string"}.get(shape["type"], shape["type"])
        head = number(KINDS.index(kind))
        if kind == "structure":
            members = shape.get("members", {})
            required = set(shape.get("required", []))
            payload = list(members).index(shape["payload"]) + 1 if "payload" in shape else 0
            return head + numbers(payload, len(members)) + b"".join(self.member(n, m, n in required) for n, m in members.items())
        if kind == "list":
            member = shape["member"]
            return head + numbers(self.shape(member), self.text(member.get("locationName")), int(shape.get("flattened", False)))
        if kind == "map":
            key, value = shape["key"], shape["value"]
            names = self.text(key.get("locationName")), self.text(value.get("locationName"))
            return head + numbers(self.shape(value), *names, int(shape.get("flattened", False)))
        if kind == "timestamp":
            return head + number(TIMES.index(shape.get("timestampFormat")))
        return head

    def member(self, name, member, required):
        shape = self.model["shapes"][member["shape"]]
        wire = member.get("locationName", "")
        namespace = member.get("xmlNamespace") or shape.get("xmlNamespace") or {}
        flags = (
            int(required) | int(bool(member.get("flattened"))) << 1 | int(bool(member.get("xmlAttribute"))) << 2
            | int(bool(member.get("idempotencyToken"))) << 3 | int(bool(member.get("streaming") or shape.get("streaming"))) << 4
            | int(bool(member.get("jsonvalue") or shape.get("jsonvalue"))) << 5 | TIMES.index(member.get("timestampFormat")) << 6
        )
        more = bool(namespace or member.get("queryName"))
        head = numbers(self.text(name), self.text(wire if wire != name else ""), self.shape(member))
        head += numbers(LOCATIONS.index(member.get("location")) << 1 | int(more), flags)
        if more:
            head += numbers(self.text(namespace.get("uri")), self.text(namespace.get("prefix")), self.text(member.get("queryName")))
        return head


def main(target):
    if botocore.__version__ != BOTOCORE:
        sys.exit(f"botocore {BOTOCORE} is needed, and this is {botocore.__version__}")
    loader = get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    services = []
    for folder in loader.list_available_services("service-2"):
        model = loader.load_service_model(folder, "service-2")
        try:
            rules = loader.load_service_model(folder, "endpoint-rule-set-1")
        except botocore.exceptions.UnknownServiceError:
            rules = None
        service = Service(model, rules, partitions)
        if service.metadata not in (other.metadata for other, _ in services):
            # One service lies in two folders.
            services.append((service, service.block()))
    services.sort(key=lambda pair: pair[0].name)
    names = [service.name for service, _ in services]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        sys.exit(f"two services of one name: {twice}")
    raw = [block for _, block in services]
    dictionary = zstandard.train_dictionary(DICTIONARY_BYTES, raw)
    squeezer = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary, write_content_size=False, write_checksum=False, write_dict_id=False)
    blocks = [squeezer.compress(block) for block in raw]
    index = b"".join(
        plain(service.name) + plain(service.prefix) + numbers(len(block), len(whole))
        for (service, whole), block in zip(services, blocks)
    )
    words = dictionary.as_bytes()
    data = MAGIC + number(len(words)) + words + number(len(blocks)) + index + b"".join(blocks)
    Path(target).write_bytes(data)
    print(f"{len(blocks)} services, {sum(map(len, raw))} bytes before and {len(data)} after compression")
    return services


if __name__ == "__main__":
    main(Path(__file__).with_name("models.bin") if len(sys.argv) < 2 else sys.argv[1])
