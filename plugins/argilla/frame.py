"""What our custom fields need of the frame in which Argilla shows each of them."""

# Argilla sets the height once, to 150 pixels or more. Ours comes after that, and again whenever `fit` is called.
FIT = """  const fit = () => { frameElement.style.height = document.body.offsetHeight + "px"; };
  addEventListener("load", () => setTimeout(fit));"""
