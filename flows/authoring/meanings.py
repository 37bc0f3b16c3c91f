"""What every key of the flow language means, in the words that the reference and editors show."""

from __future__ import annotations

from collections.abc import Mapping

FIELDS = "fields"
"""The entry for every field type: a key means the same wherever it is allowed."""
EFFECTS = "effects"
"""The entry for what stands beside the key that names the kind of an effect, and for those keys themselves."""

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "FlowDefinition": {
        "flow": "The flow's name: small letters, digits and hyphens. It never changes; tasks are found by it.",
        "schema": "The version of this language.",
        "title": "What customers and staff read as the name of the task.",
        "type": "The word in the column *Task Type*.",
        "summary": "One sentence for catalogues.",
        "help": "Help for the customer.",
        "keywords": "Words by which the catalogue search finds it; one or a list.",
        "archived": "No new ones are started; those that run go on.",
        "start": "How it begins.",
        "status_labels": "Other words for the statuses.",
        "steps": "What has to be done, by name; file order is screen order. A flow has steps or states, never both.",
        "states": "The stages that staff move it through, by name.",
        "actions": "The buttons that move it between states, by name.",
        "links": "Buttons that tie the task to what a plugin finds, by name; then `links.<name>.*` in expressions.",
        "deadline": "When it is due; after that it is overdue, and goes on.",
        "expires": "When it ends by itself as expired.",
        "timers": "What happens by itself at a time, by name.",
        "outcomes": "How it can end, by name; `complete` and `close` exist without being named.",
        "messaging": "The conversation about the task; `false` for none.",
        "cancel": "Who may cancel an open task; staff unless it says otherwise. Customers only until staff have begun.",
        "rating": "Whether the customer is asked how it was.",
        "effects": "What happens on an occasion: created, assigned, completed, closed, cancelled, expired, overdue, "
        "rated, `entered.<State>`, `step.<name>.opened`, `.submitted`, `.approved`, `.returned`, `.reopened`.",
        "running": "`pin`: running tasks keep the text they began with. `follow`: those that lose nothing by it and "
        "have nothing new to do move to a new text by themselves.",
        "moved": "Old name: new name, of a step, a question or a state: for running tasks that move to this text.",
        "i18n": "Language: file with the texts of this flow in that language.",
    },
    "Help": {"text": "A sentence or two.", "url": "A page that explains more."},
    "Start": {
        "staff": "Staff start it for a customer (*Admin assigned*).",
        "customer": "Customers start it themselves (*Tenant requested*).",
        "onboarding": "It begins with an invitation.",
        "event": "It begins by this event (*System*), such as `order.placed`.",
        "if": "Only for events for which this holds.",
        "once_per": "What makes an event the same one: delivered again, it starts nothing.",
        "for": "Whom it is for: a hole that gives a customer or a person.",
        "assign": "Who works on it: a hole that gives a person, or a way to choose one.",
        "department": "The department it belongs to.",
        "inputs": "What the event or staff give at the start; read only afterwards.",
        "fields": "What whoever starts it is asked.",
    },
    "Step": {
        "title": "What is to be done.",
        "actor": "Whose step it is.",
        "help": "Words above the questions.",
        "when": "The step is there only while this holds; not yet known means that it waits.",
        "needs": "Steps that come first.",
        "done_when": "The step is done as soon as this holds, without anybody sending it.",
        "fields": "The questions, by name; an answer is `data.<name>`, so names are unique in the flow.",
        "pages": "Groups of questions shown together, by name.",
        "check": "Whether answers are shown once more before they are sent; `auto` for steps of several pages.",
        "approval": "Somebody else reviews what was sent; `{}` for one member of staff.",
        "payment": "Money is paid in this step.",
        "outcome": "Rules, in order, that end the task by what was answered.",
        "deadline": "When the step is due, counted from its opening.",
        "assign": "Who works on this step.",
        "do": "What happens when it is sent; for a step of the system, when it opens, or when `done_when` holds.",
    },
    "Page": {
        "title": "The page's heading.",
        "fields": "Names of the questions on it, in order.",
        "help": "Words above them.",
        "when": "The page is there only while this holds.",
    },
    "Approval": {
        "by": "Who may review.",
        "need": "How many have to approve.",
        "returns": "How often it may be handed back.",
        "escalate": "Who is told when nobody reviews.",
    },
    "Escalation": {"after": "How long nobody has taken it.", "to": "Who is told."},
    "Payment": {
        "currency": "Three capitals, such as GBP.",
        "amount": "Minor units (pence), a hole, or `ask`: given when the task is started.",
        "reference": "Words on the statement.",
    },
    "OutcomeRule": {
        "if": "When the task ends this way.",
        "on": "Whether it is asked when the step is sent or when it is approved.",
        "complete": "The positive outcome to end with.",
        "close": "The negative outcome to end with.",
    },
    "State": {
        "is": "Which of the four columns it belongs to.",
        "start": "New ones begin here; without it in the first.",
        "label": "What staff read.",
        "customer_label": "What customers read.",
    },
    "Action": {
        "label": "Words on the button.",
        "from": "States in which it is there; one or a list.",
        "by": "Who may press it.",
        "to": "Where it leads; without it the state stays.",
        "if": "It is there only while this holds.",
        "comment": "Whether words have to be given.",
        "fields": "Questions in its dialog; answers are `ask.<name>`.",
        "do": "What happens.",
    },
    "Deadline": {
        "after": "How long after the start.",
        "calendar": "Which days are working days, for spans in `wd`.",
        "time": "The time of that day; `end` is its last second.",
    },
    "Timer": {
        "after": "Spans after the beginning; one or a list.",
        "before_due": "Spans before the due date; one or a list.",
        "after_due": "Spans after the due date; one or a list.",
        "every": "Again and again, each time so long after the last.",
        "from": "What `after` and `every` count from; without it the start.",
        "calendar": "Which days are working days, for spans in `wd`.",
        "time": "The time of that day.",
        "while": "Asked when it comes: nothing happens unless this holds.",
        "do": "What happens.",
    },
    "Link": {
        "label": "Words on the button.",
        "lookup": "The plugin's search, by its registered name.",
        "by": "Who may press it.",
    },
    "Outcome": {
        "label": "Words on the button.",
        "kind": "Positive completes the task, negative closes it.",
        "message": "What the customer is told; may have holes, and may be edited before it goes.",
    },
    "Messaging": {
        "open_while": "Whether the conversation ends with the task.",
        "remind_unread": "Whether unread messages are told of again.",
    },
    "Cancelling": {"by": "The people who may."},
    "Rating": {"ask": "When the customer is asked.", "scale": "How many points there are to give."},
    FIELDS: {
        "type": "What kind of answer it takes.",
        "label": "The question.",
        "hint": "Words below it.",
        "when": "It is asked only while this holds.",
        "visible_to": "Who sees it, besides whoever must answer it; without it everybody.",
        "required": "It has to be answered.",
        "sensitive": "Its answer is encrypted at rest and masked in pages, lists, mails and exports.",
        "default": "What is filled in to begin with; may have holes. Dates take `today`, `today-18y`.",
        "min": "The least, or the earliest.",
        "max": "The most, or the latest.",
        "max_length": "The most characters.",
        "pattern": "A regular expression that the whole answer fits.",
        "options": "Value: label, in the order shown.",
        "options_from": "A plugin's search that gives the options.",
        "max_items": "The most entries.",
        "multiple": "Several files may be given.",
        "accept": "Kinds of files.",
        "max_mb": "The largest file, in MB.",
        "currency": "Three capitals, such as GBP; amounts are minor units.",
        "within": "People of this department only.",
        "item": "The questions of one entry, by name.",
    },
    EFFECTS: {
        "if": "Only when this holds.",
        "with": "Arguments, by name; may have holes.",
        "email": "A mail from this template.",
        "notify": "Words over the best channel that the person allows.",
        "notice": "A line in the portal, there until it is seen.",
        "message": "Words into the conversation; not after the end, when it is closed.",
        "call": "A plugin's action, by its registered name.",
        "assign": "Who works on it from now on.",
        "webhook": "A signed request to this address.",
        "start": "Another flow begins, as a part of this task; then `child.<name>` in expressions.",
    },
    "Letter": {"template": "A file of `mail/`, without language and ending.", "to": "Whom it goes to."},
    "Notice": {"text": "The words; may have holes.", "link": "Words of the link to the task.", "to": "Who reads it."},
    "Assignment": {"user": "A hole that gives a person.", "department": "A hole that gives a department."},
    "Hook": {"url": "The address; may have holes.", "body": "What is sent, by name; may have holes."},
    "Child": {
        "flow": "Its name; in expressions with `_` for `-`.",
        "with": "Answers to what it asks at its start, by name; may have holes.",
        "for": "Whom it is for, when that is another customer: a hole that gives a customer or a person.",
        "assign": "Who works on it: a hole that gives a person. Without it as its flow says.",
        "department": "The department it belongs to, by its name or a hole. Without it as its flow says.",
        "once_per": "What makes it the same one: started again, even for another task, nothing starts.",
        "internal": "The customer does not see it.",
        "with_parent": "It is cancelled when this task is cancelled, closed or expires; without it, it goes on.",
    },
}


def group_of(model: str) -> str:
    """Where the keys of a model of `flows.catalogue.schema` are explained."""
    for ending, group in (("Field", FIELDS), ("Effect", EFFECTS)):
        if model.endswith(ending):
            return group
    return model
