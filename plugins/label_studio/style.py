"""How the labelling page looks: one style sheet for all workflows."""

from __future__ import annotations

# Label Studio escapes ">" in a Style, so no child selectors. Every rule is prefixed: its CSS holds for the whole page.
# `plaintext` lets each line choose its own direction, so an English name in an Arabic text stays readable.
STYLE = """
.concord{font-size:16px;line-height:1.5;max-width:1440px}
.concord-rtl{direction:rtl;text-align:right}
.concord h4{margin:4px 0!important}
.concord .lsf-richtext__line{display:block;white-space:pre-wrap;unicode-bidi:plaintext;text-align:start}
.concord .lsf-richtext__line{min-height:1.7em;padding:0;font-size:17px;line-height:1.7}
.concord .lsf-richtext br{display:none}
.concord textarea{unicode-bidi:plaintext;text-align:start;font-size:16px;line-height:1.6}
.concord-text{border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:8px 12px;margin-bottom:8px}
.concord-pair{display:flex;flex-wrap:wrap;gap:16px}
.concord-response{flex:1 1 40%;min-width:320px;display:flex;flex-direction:column}
.concord-response .concord-text{flex:1}
.concord .lsf-choices{margin:4px 0 8px}
.concord .lsf-choice__checkbox{margin:0;margin-inline-end:8px}
.concord .ant-checkbox-wrapper{line-height:1.6}
.concord .ant-rate{counter-reset:star}
.concord .ant-rate-star{text-align:center}
.concord .ant-rate-star::after{counter-increment:star;content:counter(star);display:block;font-size:13px;color:#777}
.concord .ant-rate-star-zero svg{stroke:rgba(128,128,128,.8);stroke-width:24}
.concord .ant-rate-star-full svg{color:#E69F00;background:radial-gradient(#E69F00 42%,transparent 44%)}
.concord-question,.concord-region{margin-top:8px}
.concord-asked{display:flex;flex-wrap:wrap;align-items:baseline;column-gap:12px}
.concord-hint{opacity:.8}
.concord-hint *{font-size:14px;font-weight:400;line-height:1.4;margin:0}
.concord-hidden{display:none}
.concord .lsf-label__hotkey{margin:0;margin-inline-start:6px}
.concord .lsf-hint{margin-inline-start:4px;opacity:.6}
.concord-rtl .lsf-label{margin:0 0 8px 8px}
.concord-rtl .ant-rate-star{margin:0 0 0 8px}
.concord-guideline p,.concord-guideline li{margin:6px 0}
.concord-guideline h1,.concord-guideline h2,.concord-guideline h3{margin:16px 0 6px}
.concord-guideline ul{list-style:disc;padding-inline-start:24px}
.concord-guideline ol{list-style:decimal;padding-inline-start:24px}
.concord-guideline td,.concord-guideline th{border:1px solid rgba(128,128,128,.35);padding:4px 8px}
"""

# Of Label Studio's side panels only the list of marked errors is of use.
LIST_PANEL = """.lsf-sidepanels .lsf-tabs-panel:first-child:not(:last-child){display:none}
.lsf-sidepanels .lsf-tabs-panel:last-child:not(:first-child){height:100%!important}
"""

# Where nothing is marked, the texts get the panels' room.
NO_PANELS = """.lsf-sidepanels__wrapper{display:none}
.lsf-sidepanels{padding:0!important}
"""

# What may disturb stays behind a tick.
WARNING = """.concord-warning{border-inline-start:4px solid #D55E00;padding-inline-start:12px;margin-bottom:8px}
"""

# A suggestion is folded, and out of sight where the task has none: its one line is then empty.
SUGGESTION = """.concord-suggestion{margin:8px 0}
.concord-suggestion:has(.lsf-richtext__line:only-child:empty){display:none}
.concord-suggestion .ant-collapse{background:rgba(128,128,128,.1);color:inherit}
.concord-suggestion .ant-collapse-header{font-size:16px;align-items:center;gap:8px;color:inherit!important}
.concord-suggestion .ant-collapse-content{background:none!important;color:inherit!important}
.concord-suggestion .ant-collapse-expand-icon,.concord-suggestion .ant-collapse-arrow{padding:0;margin:0}
.concord-rtl .concord-suggestion .ant-collapse-expand-icon{transform:scaleX(-1)}
"""

# Every claim with its own questions, told apart from the next.
CLAIMS = """.concord{counter-reset:claim}
.concord-claim{border-inline-start:4px solid #56B4E9;padding-inline-start:12px;margin:16px 0;counter-increment:claim}
.concord-claim-title h4::after{content:" " counter(claim)}
"""

# Messages on the left, the model's replies on the right, one row a turn; below them the field for the next message.
# Out of sight: the field for writing the model's reply oneself, the buttons that delete a turn out of the middle, and
# the switch for calls to the model, which every message makes.
TALK = """.concord-talk{display:grid;grid-template-columns:1fr 1fr;grid-auto-flow:row dense;gap:4px 16px}
.concord-talk [data-testid=textarea-control]{display:contents!important}
.concord-talk [data-testid=textarea-regions]{display:contents!important}
.concord-talk h4{grid-row:1}
.concord-talk [data-testid=textarea-region]{grid-column:1;white-space:pre-wrap;overflow-wrap:anywhere}
.concord-talk .concord-reply{display:contents}
.concord-talk .concord-reply [data-testid=textarea-region]{grid-column:2}
.concord-talk .concord-reply [data-testid=textarea-form]{display:none}
.concord-talk [data-testid=textarea-form]{grid-column:1/-1;order:1}
.concord-talk [data-testid=textarea-region] button{display:none}
.lsf-dynamic-preannotations{display:none}
"""

# Okabe and Ito's colours, told apart by colour-blind annotators too.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")
