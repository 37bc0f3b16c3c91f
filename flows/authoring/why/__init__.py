"""Why an instance is as it is, or was: every rule of its flow held against what was true at that moment.

`looking` is who looks at what, `reasons` tells of status, steps, questions and endings, `clocks` of timers and effects,
`places` where in the flow file a rule stands.
"""

from flows.authoring.why.looking import Because, Look, Value, Why, look_at
from flows.authoring.why.reasons import reasons

__all__ = ["Because", "Look", "Value", "Why", "look_at", "reasons"]
