// The form works without this. It adds dropping and pasting, and says at once what is wrong with a file.

const form = document.querySelector("form.drop");
const input = form.querySelector("input[type=file]");
const said = form.querySelector(".said");
const button = form.querySelector("button");
const limit = Number(form.dataset.max);

form.classList.add("enhanced");

function describe() {
  const file = input.files[0];
  const tooLarge = file !== undefined && file.size > limit;
  input.setCustomValidity(tooLarge ? `Tệp phải nhỏ hơn ${limit >> 20} MB · The file must be smaller than ${limit >> 20} MB` : "");
  said.textContent = file === undefined ? "" : tooLarge ? input.validationMessage : file.name;
  return file !== undefined && !tooLarge;
}

function take(files) {
  if (files.length === 0) return;
  const one = new DataTransfer();
  one.items.add(files[0]);
  input.files = one.files;
  if (describe()) form.requestSubmit();
}

input.addEventListener("change", describe);

let depth = 0;
form.addEventListener("dragenter", () => form.classList.toggle("over", ++depth > 0));
form.addEventListener("dragleave", () => form.classList.toggle("over", --depth > 0));
form.addEventListener("dragover", (event) => event.preventDefault());
form.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  form.classList.remove("over");
  take(event.dataTransfer.files);
});
// A file that misses the frame must not replace the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
document.addEventListener("paste", (event) => take(event.clipboardData.files));

form.addEventListener("submit", () => {
  said.textContent = "Đang kiểm tra tám bước… · Running the eight steps…";
  button.disabled = true;
});
// Coming back from the report finds the form as it was before.
window.addEventListener("pageshow", () => {
  button.disabled = false;
  describe();
});
