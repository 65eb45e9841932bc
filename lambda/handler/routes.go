package handler

import "net/http"

const itemResource = "/items/{id}"

// filesResource is the resource whose GET and HEAD are streamed.
const filesResource = "/files/{key+}"

// routes are the API's resources, as API Gateway names them, with their methods.
var routes = map[string]map[string]handle{
	"/items": {http.MethodGet: (*Handler).listItems, http.MethodHead: (*Handler).listItems},
	itemResource: {
		http.MethodGet:    (*Handler).getItem,
		http.MethodHead:   (*Handler).getItem,
		http.MethodPut:    (*Handler).putItem,
		http.MethodDelete: (*Handler).deleteItem,
	},
	filesResource: {
		http.MethodGet:  (*Handler).getFile,
		http.MethodHead: (*Handler).headFile,
		http.MethodPost: (*Handler).uploadFile,
	},
	contractResource:  {http.MethodGet: (*Handler).contract, http.MethodHead: (*Handler).contract},
	"/health":         {http.MethodGet: (*Handler).health, http.MethodHead: (*Handler).health},
	"/health/details": {http.MethodGet: (*Handler).healthDetails, http.MethodHead: (*Handler).healthDetails},
}
