// Writes simulation/kubernetes/protobuf/messages.txt: the fields of Kubernetes' own kinds as protobuf, from the tags of
// their Go types. A test compares their names with those of k8s-openapi's types.
//
//	GOFLAGS=-mod=mod go run . > ../../kubernetes/protobuf/messages.txt
package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	aggregator "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// What has a form of its own.
var special = map[string]string{
	"meta.v1.Time": "time", "meta.v1.MicroTime": "microtime", "resource.api.Quantity": "quantity", "api.resource.Quantity": "quantity",
	"util.intstr.IntOrString": "int-or-string", "pkg.runtime.RawExtension": "raw", "meta.v1.FieldsV1": "raw",
	"apiextensions.v1.JSON":                  "raw",
	"apiextensions.v1.JSONSchemaPropsOrBool": "schema-or-bool", "apiextensions.v1.JSONSchemaPropsOrArray": "schema-or-list",
	"apiextensions.v1.JSONSchemaPropsOrStringArray": "schema-or-texts",
}

var types = map[string][]string{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], ".") + "." + t.Name()
}

func of(t reflect.Type) string {
	if form := special[known(t)]; form != "" {
		return form
	}
	switch t.Kind() {
	case reflect.Pointer:
		return of(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Float32, reflect.Float64:
		return "double"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + of(t.Elem())
	case reflect.Map:
		if t.Elem().Kind() == reflect.Slice && t.Elem().Elem().Kind() != reflect.Uint8 {
			return "{}texts" // A message with a list of texts.
		}
		return "{}" + of(t.Elem())
	case reflect.Struct:
		add(t)
		return name(t)
	}
	panic(t.String())
}

func known(t reflect.Type) string {
	if t.Name() == "" || t.PkgPath() == "" {
		return ""
	}
	return name(t)
}

func add(t reflect.Type) {
	if _, known := types[name(t)]; known {
		return
	}
	types[name(t)] = nil
	lines := []string{}
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		tag, parts := field.Tag.Get("protobuf"), strings.Split(field.Tag.Get("json"), ",")
		if tag == "" || tag == "-" {
			continue
		}
		named := parts[0]
		if named == "" {
			named = "-"
		}
		// What is no pointer is on the wire even if it is zero and JSON leaves it out.
		kind := field.Type.Kind()
		isPlain := kind != reflect.Pointer && kind != reflect.Slice && kind != reflect.Map
		if named != "-" && isPlain && (len(parts) > 1 || kind == reflect.Struct) {
			named += "?"
		}
		lines = append(lines, fmt.Sprintf(" %s %s %s", strings.Split(tag, ",")[1], named, of(field.Type)))
	}
	types[name(t)] = lines
}

func main() {
	kinds := runtime.NewScheme()
	for _, register := range []func(*runtime.Scheme) error{scheme.AddToScheme, extensions.AddToScheme, aggregator.AddToScheme} {
		if err := register(kinds); err != nil {
			panic(err)
		}
	}
	roots := map[string]string{"v1 DeleteOptions": of(reflect.TypeOf(meta.DeleteOptions{}))}
	for kind, t := range kinds.AllKnownTypes() {
		shared := t.PkgPath() == "k8s.io/apimachinery/pkg/apis/meta/v1" || t.PkgPath() == "k8s.io/apimachinery/pkg/runtime"
		if strings.Contains(kind.Version, "alpha") || strings.Contains(kind.Version, "beta") || strings.HasPrefix(kind.Version, "__") ||
			strings.HasSuffix(kind.Kind, "List") || shared || strings.HasSuffix(kind.Kind, "Options") {
			continue
		}
		roots[kind.GroupVersion().String()+" "+kind.Kind] = of(t)
	}
	print := func(m map[string]string, f string) {
		keys := []string{}
		for k := range m {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			fmt.Printf(f, k, m[k])
		}
	}
	print(roots, "%s = %s\n")
	bodies := map[string]string{}
	for k, lines := range types {
		bodies[k] = strings.Join(lines, "\n")
	}
	print(bodies, "%s\n%s\n")
}
