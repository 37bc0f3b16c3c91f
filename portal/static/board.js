// A card that is dragged to a column asks for the action that leads there, as its menu would: dragging comes on top of it.
let card = null;

const over = (event) => card && event.target.closest?.(".board > section");
const leading = (column) => [...card.querySelectorAll("a[data-leads]")].filter((a) => a.dataset.leads === column.dataset.column);
const mark = (column) => {
  for (const one of document.querySelectorAll(".board > section")) one.toggleAttribute("data-over", one === column);
};

document.addEventListener("dragstart", (event) => {
  card = event.target.closest?.(".board .card") ?? null;
  if (card) event.dataTransfer.setData("text/plain", card.id); // without data Firefox drags nothing
});
document.addEventListener("dragover", (event) => {
  const column = over(event);
  const takes = column && leading(column).length > 0;
  mark(takes ? column : null);
  if (takes) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const column = over(event);
  if (!column) return;
  event.preventDefault();
  const ways = leading(column);
  if (ways.length === 1) ways[0].click();
  else if (ways.length) card.querySelector("[popovertarget]").click(); // several ways: people choose
});
document.addEventListener("dragend", () => {
  mark(null);
  card = null;
});
