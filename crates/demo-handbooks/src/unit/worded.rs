//! Titles, descriptions and workloads.

use crate::{
    catalogue::{Catalogue, Life},
    prose::{Block, Inline, Prose},
    random::Stream,
    words::phrases,
};

/// Fills `{t}`, `{u}` and `{f}` with topics and the field of the unit at `index`.
pub(super) fn fill(catalogue: &Catalogue, index: usize, phrase: &str, stream: &mut Stream) -> String {
    let discipline = catalogue.entries[index].discipline();
    let first = stream.below(discipline.topics.len());
    let second = (first + 1 + stream.below(discipline.topics.len() - 1)) % discipline.topics.len();
    phrase
        .replace("{t}", discipline.topics[first])
        .replace("{u}", discipline.topics[second])
        .replace("{f}", discipline.field)
}

pub(super) fn title(catalogue: &Catalogue, index: usize, year: u16) -> String {
    if catalogue.entries[index].code == "31251" {
        return "Data Structures and Algorithms".to_owned();
    }
    let renamed = matches!(catalogue.entries[index].life, Life::Renamed(from) if year >= from);
    let mut stream = Stream::of(catalogue.seed, if renamed { "new title" } else { "title" }, index as u64);
    let phrase = stream.weighted(&phrases::TITLES);
    let suffix = stream.weighted(&phrases::SUFFIXES);
    format!("{}{suffix}", fill(catalogue, index, phrase, &mut stream))
}

pub(super) fn description(catalogue: &Catalogue, index: usize, year: u16) -> Prose {
    let mut stream = Stream::of(catalogue.seed, "description", index as u64);
    let opening = stream.pick(&phrases::OPENINGS);
    let mut blocks = Vec::new();
    let mut first = vec![Inline::Text(fill(catalogue, index, opening, &mut stream))];
    first.extend(sentences(catalogue, index, &mut stream));
    blocks.push(Block::Paragraph(first));
    for _ in 0..stream.below(3) {
        let mut paragraph = sentences(catalogue, index, &mut stream);
        // No text may begin with the space that parts it from the sentence before.
        if let Some(Inline::Text(text)) = paragraph.first_mut() {
            *text = text.trim_start().to_owned();
        }
        blocks.push(Block::Paragraph(paragraph));
    }
    if stream.chance(350) {
        let lead = stream.pick(&phrases::LIST_LEADS);
        blocks.push(Block::Paragraph(vec![Inline::Text(lead.to_owned())]));
        let count = stream.between(2, 5);
        let items = stream.several(count, phrases::LIST_ITEMS.len());
        let items = items
            .into_iter()
            .map(|item| vec![Inline::Text(fill(catalogue, index, phrases::LIST_ITEMS[item], &mut stream))]);
        blocks.push(Block::List(items.collect()));
    }
    if stream.chance(100) {
        let mut closing = vec![
            Inline::Strong("Note:".to_owned()),
            Inline::Text(" the unit has two parts.".to_owned()),
            Inline::Break,
            Inline::Text("Part one ends in week 6".to_owned()),
        ];
        if let Some(code) = catalogue.earlier(index, year, &mut stream) {
            closing.push(Inline::Text("; see also ".to_owned()));
            closing.push(Inline::Link { path: catalogue.university.path(year, code), text: code.to_owned() });
        }
        closing.push(Inline::Text(".".to_owned()));
        blocks.push(Block::Paragraph(closing));
    }
    Prose(blocks)
}

/// One to four sentences, each with a space before it, now and then one of them stressed.
fn sentences(catalogue: &Catalogue, index: usize, stream: &mut Stream) -> Vec<Inline> {
    let count = stream.between(1, 4);
    let chosen = stream.several(count, phrases::SENTENCES.len());
    chosen
        .into_iter()
        .flat_map(|sentence| {
            let text = fill(catalogue, index, phrases::SENTENCES[sentence], stream);
            if stream.chance(80) {
                vec![Inline::Text(" ".to_owned()), Inline::Emphasis(text)]
            } else {
                vec![Inline::Text(format!(" {text}"))]
            }
        })
        .collect()
}

/// Hours by activity, or a bare number of hours.
pub(super) fn workload(catalogue: &Catalogue, index: usize) -> Prose {
    let mut stream = Stream::of(catalogue.seed, "workload", index as u64);
    if stream.chance(200) {
        return Prose::line(stream.pick(&["150", "300", "120", "37.5"]));
    }
    let count = stream.between(1, 4);
    let chosen = stream.several(count, phrases::ACTIVITIES.len());
    let lines = chosen.into_iter().map(|activity| {
        let hours = 12 * stream.between(1, 8);
        Block::Paragraph(vec![Inline::Text(format!("{}: {hours} hours", phrases::ACTIVITIES[activity]))])
    });
    Prose(lines.collect())
}
