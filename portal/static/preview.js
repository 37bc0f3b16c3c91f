// Reloads the preview when a file of the flow was saved; a server that is away for a moment is asked again.
const { stamp } = document.body.dataset;
const look = async () => {
  const answer = await fetch("/changes").catch(() => ({}));
  if (answer.ok && (await answer.text()) !== stamp) location.reload();
  else setTimeout(look, 600);
};
setTimeout(look, 600);
