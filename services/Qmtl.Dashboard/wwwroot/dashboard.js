// Replaces a section whenever the server pushes a newer one; the browser reconnects by itself.
"use strict";
const link = document.getElementById("link");
const show = (state, text) => { link.dataset.state = state; link.textContent = text; };
const source = new EventSource("live");
source.addEventListener("open", () => show("live", "live"));
source.addEventListener("error", () => show("lost", "connection lost, retrying"));
source.addEventListener("section", (event) => {
  const { id, html } = JSON.parse(event.data);
  const old = document.getElementById(id);
  if (!old) return;
  const scrolled = [...old.querySelectorAll(".scroll, .events")].map((box) => [box.scrollLeft, box.scrollTop]);
  const focused = old.contains(document.activeElement) ? [...old.querySelectorAll("a, [tabindex]")].indexOf(document.activeElement) : -1;
  old.outerHTML = html;
  const fresh = document.getElementById(id);
  fresh.querySelectorAll(".scroll, .events").forEach((box, index) => { if (scrolled[index]) [box.scrollLeft, box.scrollTop] = scrolled[index]; });
  if (focused >= 0) fresh.querySelectorAll("a, [tabindex]")[focused]?.focus({ preventScroll: true });
});
