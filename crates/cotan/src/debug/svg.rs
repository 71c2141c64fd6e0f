//! A drawing as an SVG picture.

use std::fmt::Write;

use super::Drawing;
use super::layout::Point;
use super::scene::{Card, Frame, Kind, Route, SMALL, Scene, TITLE};

/// Calls that a picture shows; more than a few hundred can't be read.
const MOST_CALLS: usize = 400;
/// Functions of loops and branches that a picture shows.
const MOST_PARTS: usize = 40;
const MARGIN: f64 = 20.0;
const FONT: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";

const INK: &str = "#1e293b";
const FAINT: &str = "#64748b";
const ACCENT: &str = "#7c3aed";
const WIRE: &str = "#94a3b8";
const WARNING: &str = "#b45309";

/// Fill and border of the frames, in turn.
const FRAMES: [(&str, &str); 8] = [
    ("#e8f1fd", "#8fb8f0"),
    ("#e7f6ec", "#86cfa2"),
    ("#fdf3df", "#e5bd68"),
    ("#f0ecfd", "#b3a1ee"),
    ("#fdeaf0", "#eba0b9"),
    ("#e2f5f5", "#7cc8c9"),
    ("#fdeee4", "#efae84"),
    ("#f1f7df", "#b9cc6a"),
];

impl Drawing {
    /// A picture with a box a call, in a frame with those that run in the same kernel. Links lead down from the values to
    /// the calls that read them; resting on a box shows its line of the text, and where the program made the call. The
    /// functions that loops and branches hold follow below, each under its title.
    ///
    /// Of graphs with more than 400 calls the first 400 are shown, with a note.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut pictures = vec![self.picture("")];
        let parts = self.parts();
        pictures.extend(parts.iter().take(MOST_PARTS).map(|(title, part)| part.picture(title)));
        let width = pictures.iter().map(|picture| picture.width).fold(0.0, f64::max) + 2.0 * MARGIN;
        let height = MARGIN + pictures.iter().map(|picture| picture.height + MARGIN).sum::<f64>();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{FONT}\">\n\
             <rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"#ffffff\"/>\n"
        );
        let mut top = MARGIN;
        for picture in pictures {
            let left = (width - picture.width) / 2.0;
            let _ = write!(svg, "<g transform=\"translate({left:.1} {top:.1})\">\n{}</g>\n", picture.content);
            top += picture.height + MARGIN;
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The graph alone, between its title and a note.
    fn picture(&self, title: &str) -> Picture {
        let scene = Scene::new(self, MOST_CALLS);
        let mut note = self.summary();
        if scene.hidden > 0 {
            let _ =
                write!(note, "; the first {} are shown, {} are left out", self.calls() - scene.hidden, scene.hidden);
        }
        if scene.hidden_values > 0 {
            let _ = write!(note, "; {} inputs and results are left out", scene.hidden_values);
        }
        let longest = note.chars().count().max(title.chars().count()) as f64 * SMALL * 0.61;
        let width = scene.width.max(longest);
        let head = if title.is_empty() { 0.0 } else { 26.0 };
        let height = head + scene.height + 22.0;
        let mut svg = String::new();
        if !title.is_empty() {
            svg.push_str(&text(width / 2.0, 10.0, SMALL, INK, " text-anchor=\"middle\" font-weight=\"600\"", title));
        }
        let _ = writeln!(svg, "<g transform=\"translate({:.1} {head})\">", (width - scene.width) / 2.0);
        scene.frames.iter().enumerate().for_each(|(index, frame)| draw_frame(&mut svg, index, frame));
        scene.routes.iter().for_each(|route| draw_route(&mut svg, route));
        scene.cards.iter().for_each(|card| draw_card(&mut svg, card));
        let colour = if scene.hidden + scene.hidden_values > 0 { WARNING } else { FAINT };
        let _ = write!(svg, "</g>\n{}", text(0.0, height - 4.0, SMALL, colour, "", &note));
        Picture { content: svg, width, height }
    }
}

/// A part of a picture, from its own corner.
struct Picture {
    content: String,
    width: f64,
    height: f64,
}

fn draw_frame(svg: &mut String, index: usize, frame: &Frame) {
    let (fill, border) = FRAMES[index % FRAMES.len()];
    let ((x, y), (width, height)) = (frame.corner, frame.size);
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"10\" fill=\"{fill}\" \
         stroke=\"{border}\"/>"
    );
    svg.push_str(&text(x + 9.0, y + height - 6.5, SMALL - 1.0, FAINT, "", &frame.name));
}

/// Straight through layers, and a curve between them.
fn draw_route(svg: &mut String, route: &Route) {
    let [start, rest @ ..] = &route.points[..] else { return };
    let Some(&(end_x, end_y)) = rest.last() else { return };
    let mut path = format!("M{:.1} {:.1}", start.0, start.1);
    let mut last = *start;
    for (index, &point) in rest.iter().enumerate() {
        let is_end = index + 1 == rest.len();
        let to = (point.0, if is_end && route.arrives { point.1 - 4.0 } else { point.1 });
        if index % 2 == 0 {
            if to.1 > last.1 {
                let _ = write!(path, "V{:.1}", to.1);
            }
        } else {
            curve(&mut path, last, to);
        }
        last = to;
    }
    let _ = write!(
        svg,
        "<g><title>{}</title><path d=\"{path}\" fill=\"none\" stroke=\"{WIRE}\" stroke-width=\"1.3\"/>",
        escaped(&route.hint)
    );
    if route.arrives {
        let (left, right, top) = (end_x - 3.6, end_x + 3.6, end_y - 6.5);
        let _ = write!(svg, "<path d=\"M{left:.1} {top:.1}H{right:.1}L{end_x:.1} {end_y:.1}Z\" fill=\"{WIRE}\"/>");
    }
    svg.push_str("</g>\n");
}

fn curve(path: &mut String, from: Point, to: Point) {
    if (from.0 - to.0).abs() < 0.05 {
        let _ = write!(path, "V{:.1}", to.1);
        return;
    }
    let middle = f64::midpoint(from.1, to.1);
    let _ = write!(path, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", from.0, to.0, to.0, to.1);
}

fn draw_card(svg: &mut String, card: &Card) {
    let ((x, y), (width, height)) = (card.corner, card.size);
    let (fill, border, ink, radius) = match card.kind {
        Kind::Input => ("#f1f5f9", "#94a3b8", INK, height / 2.0),
        Kind::Call => ("#ffffff", "#94a3b8", INK, 6.0),
        Kind::Output => ("#334155", "#334155", "#f8fafc", height / 2.0),
    };
    let _ = write!(
        svg,
        "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         rx=\"{radius:.1}\" fill=\"{fill}\" stroke=\"{border}\"/>",
        escaped(&card.hint)
    );
    let middle = x + width / 2.0;
    let centred = " text-anchor=\"middle\"";
    let mut line = y + 17.5;
    svg.push_str(&text(middle, line, TITLE, ink, &format!("{centred} font-weight=\"600\""), &card.title));
    for (content, colour) in [(&card.details, ACCENT), (&card.spec, FAINT)] {
        if !content.is_empty() {
            line += 14.0;
            svg.push_str(&text(middle, line, SMALL, colour, centred, content));
        }
    }
    svg.push_str("</g>\n");
}

fn text(x: f64, y: f64, size: f64, colour: &str, more: &str, content: &str) -> String {
    let content = escaped(content);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{colour}\"{more}>{content}</text>\n")
}

fn escaped(text: &str) -> String {
    // Other control characters have no place in XML at all.
    let text: String = text.chars().filter(|&c| c >= ' ' || c == '\n').collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
