document.getElementById("print").addEventListener("click", function () { print(); });
