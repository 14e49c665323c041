// Texts, numbers and truths that a server's types hold by value, and whether their zero is written: what kinds/zeros.txt says.
package main

import (
	"fmt"
	"reflect"
	"strings"

	extensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apimachinery/pkg/runtime"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver/scheme"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

func printPlainMembers() {
	seen := map[reflect.Type]bool{}
	for _, scheme := range []*runtime.Scheme{legacyscheme.Scheme, extensions.Scheme, aggregator.Scheme} {
		for known, sort := range scheme.AllKnownTypes() {
			if known.Version != runtime.APIVersionInternal {
				walk(sort, seen)
			}
		}
	}
}

func walk(sort reflect.Type, seen map[reflect.Type]bool) {
	switch sort.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		walk(sort.Elem(), seen)
	case reflect.Struct:
		if !seen[sort] {
			seen[sort] = true
			members(name(sort), sort, seen)
		}
	}
}

func members(of string, sort reflect.Type, seen map[reflect.Type]bool) {
	for at := range sort.NumField() {
		field := sort.Field(at)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		// An object's version and kind are given by what serves it.
		if field.Type.Name() == "TypeMeta" {
			continue
		}
		if tag == "" && field.Type.Kind() == reflect.Struct {
			members(of, field.Type, seen)
			continue
		}
		switch field.Type.Kind() {
		case reflect.Bool, reflect.String, reflect.Int, reflect.Int32, reflect.Int64:
			written := "written"
			if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
				written = "left-out"
			}
			fmt.Println(of, tag, written)
		default:
			walk(field.Type, seen)
		}
	}
}

// As kinds/members.txt has it: apps.v1.DeploymentSpec.
func name(of reflect.Type) string {
	parts := strings.Split(of.PkgPath(), "/")
	return strings.Join(append(parts[max(0, len(parts)-2):], of.Name()), ".")
}
