"""The shop: publishes `order.placed`, and gives flows the verbs on an order. It brings no flow of its own."""
