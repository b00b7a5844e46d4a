"""The HTML page of a blind study: people answer by a click and save their votes as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from animate_cli.evaluate.report.html_page import document, inline
from animate_cli.evaluate.report.html_style import STYLE
from animate_cli.evaluate.user_study.study import PICTURES, Question, study_id

QUESTION = "Which of these moves and looks best?"
POLICY = (
    "default-src 'none'; img-src data:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
_STYLE = """
.choices{display:flex;flex-wrap:wrap;gap:12px}
.choices button{border:3px solid #8884;border-radius:8px;padding:6px;background:none;cursor:pointer}
.choices button[aria-pressed=true]{border-color:#0072b2}
.choices img,.choices video{width:340px;max-width:100%;display:block}
#save{font-size:1.1em;padding:8px 20px}textarea{width:100%;height:5em}
"""
_SCRIPT = """
const votes = {}, voter = [...crypto.getRandomValues(new Uint8Array(8))]
  .map(one => one.toString(16).padStart(2, '0')).join('');
const asked = [...document.querySelectorAll('section')];
const list = document.getElementById('questions');
for (let k = asked.length - 1; k > 0; k--) {
  const other = Math.floor(Math.random() * (k + 1));
  [asked[k], asked[other]] = [asked[other], asked[k]];
}
asked.forEach((section, k) => {
  section.querySelector('h3').textContent = `${k + 1} of ${asked.length}`;
  list.append(section);
});
function tell() {
  const text = JSON.stringify({study: STUDY, voter, votes});
  document.getElementById('text').value = text;
  const save = document.getElementById('save');
  save.href = 'data:application/json,' + encodeURIComponent(text);
  save.download = `votes-${voter}.json`;
  document.getElementById('done').textContent =
    `${Object.keys(votes).length} of ${asked.length} answered`;
}
document.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  const all = button.parentElement.querySelectorAll('button');
  all.forEach(one => one.setAttribute('aria-pressed', one === button));
  votes[button.dataset.question] = Number(button.dataset.place);
  tell();
});
tell();
"""


def study_page(questions: Sequence[Question], question: str = QUESTION) -> str:
    """The whole page; it contains no name of a model, a clip or a file."""
    script = f"const STUDY = {json.dumps(study_id(questions))};{_SCRIPT}"
    sections = (_section(number, one) for number, one in enumerate(questions))
    body = (
        f"<h1>{escape(question)}</h1>"
        '<p class="note">Click one picture per row. Nothing is sent: save your answers at the '
        "end, and hand the file to whoever asked you.</p>"
        f'<div id="questions">{"".join(sections)}</div>'
        '<h2>Your answers</h2><p id="done"></p><p><a id="save" href="#">Save them</a></p>'
        '<p class="note">or copy this:</p><textarea id="text" readonly></textarea>'
        f"<script>{script}</script>"
    )
    return document("Comparison", body, STYLE + _STYLE, POLICY)


def _section(number: int, one: Question) -> str:
    buttons = (
        f'<button data-question="{number}" data-place="{place}" aria-pressed="false">'
        f"{_picture(path, place)}</button>"
        for place, path in enumerate(one.pictures)
    )
    return f'<section><h3></h3><div class="choices">{"".join(buttons)}</div></section>'


def _picture(path: Path, place: int) -> str:
    kind = PICTURES[path.suffix.lower()]
    address = inline(path.read_bytes(), kind)
    if kind.startswith("video"):
        return f'<video src="{address}" autoplay loop muted playsinline></video>'
    return f'<img alt="choice {place + 1}" src="{address}">'
