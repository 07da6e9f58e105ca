// Tables that are wider than the window can be scrolled with the keyboard too: then they take the focus.

function makeFocusable() {
  for (const region of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (region.scrollWidth > region.clientWidth) region.setAttribute("tabindex", "0");
    else region.removeAttribute("tabindex");
  }
}

window.addEventListener("load", makeFocusable);
window.addEventListener("resize", makeFocusable);
new MutationObserver(makeFocusable).observe(document.documentElement, { childList: true, subtree: true });
