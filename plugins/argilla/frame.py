"""What our custom fields need of the frame in which Argilla shows each of them."""

# Argilla sets the height once, to 150 pixels or more. Ours comes after that, and again whenever `fit` is called. The
# page has no doctype, so its body is always as high as the frame: what counts is the element `all`.
FIT = """  const fit = () => { frameElement.style.height = document.getElementById("all").offsetHeight + 4 + "px"; };
  addEventListener("load", () => setTimeout(fit));"""
