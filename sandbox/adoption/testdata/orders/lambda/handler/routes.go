package handler

import "net/http"

// What is left of the application before names these two.
const (
	itemResource  = "/items/{id}"
	filesResource = "/files/{key+}"
)

// routes are the resources of the API as API Gateway names them, with their methods.
var routes = map[string]map[string]handle{
	"/orders/{id}":    {http.MethodGet: (*Handler).getOrder, http.MethodPut: (*Handler).putOrder},
	contractResource:  {http.MethodGet: (*Handler).contract},
	"/health":         {http.MethodGet: (*Handler).health},
	"/health/details": {http.MethodGet: (*Handler).healthDetails},
}
