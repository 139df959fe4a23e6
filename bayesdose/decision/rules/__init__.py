"""Simple rules for many patients: bands of a dose, trees and tables on covariates."""
