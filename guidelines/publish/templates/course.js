"use strict";
// One step at a time; an example's answers are checked where the reader gave them, and counted once.
const steps = [...document.querySelectorAll(".step")];
const back = document.querySelector(".back");
const next = document.querySelector(".next");
const progress = document.querySelector("progress");
const results = new Map();
let here = 0;

function show(step) {
  steps[here].hidden = true;
  here = step;
  steps[here].hidden = false;
  back.disabled = here === 0;
  next.disabled = here === steps.length - 1;
  progress.value = here + 1;
  if (here === steps.length - 1) total();
  steps[here].focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function total() {
  const given = [...results.values()];
  const right = given.filter(Boolean).length;
  const score = document.querySelector(".score");
  const asked = document.querySelectorAll("fieldset").length;
  score.textContent = score.dataset.score.replace("{right}", right).replace("{total}", asked);
}

function check(form) {
  for (const asked of form.querySelectorAll("fieldset")) {
    const right = asked.querySelector("input:checked").hasAttribute("data-right");
    const verdict = asked.querySelector(".verdict");
    verdict.textContent = right ? verdict.dataset.right : verdict.dataset.wrong;
    verdict.classList.toggle("is-right", right);
    verdict.classList.toggle("is-wrong", !right);
    if (!results.has(asked)) results.set(asked, right);
  }
  form.querySelector(".feedback").hidden = false;
}

for (const form of document.querySelectorAll(".case")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check(form);
  });
}
back.addEventListener("click", () => show(here - 1));
next.addEventListener("click", () => show(here + 1));
document.querySelector(".again").addEventListener("click", () => window.location.reload());
