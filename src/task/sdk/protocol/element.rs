//! XML documents as trees, without their namespaces.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Local name.
    pub(super) name: String,
    /// Names with their prefixes, and values.
    pub(super) attributes: Vec<(String, String)>,
    /// All text directly in it.
    pub(super) text: String,
    /// Elements in it.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The root of a document; `None` where there is no element.
    ///
    /// # Errors
    /// Why it is not XML.
    pub(super) fn parse(document: &[u8]) -> Result<Option<Element>, String> {
        let text = std::str::from_utf8(document).map_err(|error| error.to_string())?;
        let mut reader = Reader::from_str(text);
        // The outermost is no element; it collects the root.
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) if open.len() < DEEPEST => open.push(begun(&start)),
                Event::Start(_) => return Err("the document is nested too deep".to_owned()),
                Event::Empty(start) => close(&mut open, begun(&start)),
                Event::End(_) => {
                    if let Some(element) = open.pop() {
                        close(&mut open, element);
                    }
                }
                Event::Text(text) => add(&mut open, &text.xml10_content()),
                Event::CData(text) => add(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let known = reference.resolve_char_ref().ok().flatten().map(String::from);
                    let name = reference.into_inner();
                    let known =
                        known.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                    add(&mut open, &known.unwrap_or_default());
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        match open.as_mut_slice() {
            [document] => Ok(document.children.pop()),
            _ => Err("the document ends before its root does".to_owned()),
        }
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The first element of a name, here or below.
    pub(super) fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

fn begun(start: &BytesStart<'_>) -> Element {
    let attributes = start.attributes().flatten().map(|attribute| {
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
        (attribute.key.as_ref().to_owned(), value.map(String::from).unwrap_or_default())
    });
    Element {
        name: start.local_name().as_ref().to_owned(),
        attributes: attributes.collect(),
        ..Element::default()
    }
}

fn close(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

const DEEPEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree_with_its_references_resolved() {
        let text = r#"<?xml version="1.0"?><a:Root xmlns:a="n"><B x:type="t">1 &lt; 2 &#x26; <![CDATA[<3>]]></B><C/></a:Root>"#;
        let root = Element::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(root.name, "Root");
        assert_eq!(root.text_of("B"), Some("1 < 2 & <3>"));
        assert_eq!(root.children[0].attributes, [("x:type".to_owned(), "t".to_owned())]);
        assert_eq!(root.text_of("C"), Some(""));
        assert_eq!(Element::parse(b"").unwrap(), None);
    }

    #[test]
    fn what_is_no_document_or_nested_without_end_is_refused() {
        let deep = "<a>".repeat(10_000);
        for text in ["<a>", "<a></b>", deep.as_str()] {
            assert!(Element::parse(text.as_bytes()).is_err(), "{text:.20}");
        }
    }
}
