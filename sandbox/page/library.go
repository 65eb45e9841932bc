package page

import (
	"net/http"
	"path/filepath"
)

// libraries are the files of npm packages that the page loads (package.json pins them).
var libraries = map[string]string{
	"uplot.js":       "uplot/dist/uPlot.esm.js",
	"uplot.css":      "uplot/dist/uPlot.min.css",
	"swagger-ui.js":  "swagger-ui-dist/swagger-ui-bundle.js",
	"swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
}

func (p *page) library(w http.ResponseWriter, r *http.Request) {
	file, ok := libraries[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeFile(w, r, filepath.Join(p.layout.PageLibraries(), "node_modules", filepath.FromSlash(file)))
}
