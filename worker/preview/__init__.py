"""How a flow looks before a customer sees it: its real pages and mails, played on a database that is gone afterwards.

`flows.authoring.play.scenes` says what there is to see. `product` is the application that shows it, `takes` makes the
pages and `mails` the letters, `source` reads the flow and notices that it was saved, `local` serves all of it to its
author, and `once` hands single pages to the back office.
"""
